import { createHash } from "node:crypto";
import type { types } from "@slack/bolt";
import type { Button, Message, Part } from "../message.ts";
import { type Block, context, fitBlocks, markdown, type Piece, type Room, section } from "./fit-blocks.ts";
import { LIMITS } from "./limits.ts";
import { escaped, mrkdwn, plain } from "./mrkdwn.ts";

/** A message as `chat.postMessage` takes it. */
export interface Rendered {
  /** What notifications and readers without blocks get. */
  readonly text: string;
  readonly blocks: Block[];
}

/**
 * A message in Block Kit, within every limit of `LIMITS`: nothing here fails because of how much there is to say. Lists
 * are cut at a line's end and say how many lines are left out; buttons are always kept.
 */
export function renderMessage(message: Message, key?: string): Rendered {
  const text = escaped(message.summary, LIMITS.sectionText);
  const parts: readonly Part[] = message.parts.length > 0 ? message.parts : [{ kind: "text", text: [message.summary] }];
  const blocks = renderParts(parts, {
    blocks: LIMITS.messageBlocks,
    text: LIMITS.messageText - text.length,
  });
  const first = blocks[0];
  if (key !== undefined && first) first.block_id = `${markOf(key)}:${digest(JSON.stringify(blocks)).slice(0, 8)}`;
  return { text, blocks };
}

/**
 * The mark by which a posted message is found again: the start of its first block's id. A key may be longer than an id
 * may be (255), so it is hashed. What follows changes with the content, since Slack asks for new ids on an update.
 */
export function markOf(key: string): string {
  return `signoff:${digest(key).slice(0, 32)}`;
}

/** Parts as blocks within the given room. */
export function renderParts(parts: readonly Part[], room: Room): Block[] {
  const pieces = parts.flatMap((part, at): Piece[] => {
    const piece = layOut(part, at);
    return piece ? [piece] : [];
  });
  return fitBlocks(pieces, room);
}

function layOut(part: Part, at: number): Piece | undefined {
  switch (part.kind) {
    case "heading": {
      const text = plain(part.text, LIMITS.header);
      return text.trim() === ""
        ? undefined
        : whole({ type: "header", text: { type: "plain_text", text, emoji: false } });
    }
    case "text": {
      const text = mrkdwn(part.text, LIMITS.sectionText);
      return text.trim() === "" ? undefined : whole(section(text));
    }
    case "fields": {
      const fields = part.fields.map((field) => {
        const label = `*${escaped(field.label, 200).replaceAll("*", "∗")}*\n`;
        return markdown(label + mrkdwn(field.value, LIMITS.fieldText - label.length));
      });
      return whole(
        ...chunks(fields, LIMITS.fields).map((some): Block => ({ type: "section", fields: some, expand: true })),
      );
    }
    case "list": {
      const title = part.title ? mrkdwn(part.title, 500) : "";
      const lines = part.items.map((item) => `• ${mrkdwn(item, 600)}`);
      return title === "" && lines.length === 0 ? undefined : { kind: "lines", title, lines };
    }
    case "note": {
      const text = mrkdwn(part.text, LIMITS.contextText);
      return text.trim() === "" ? undefined : whole(context(text));
    }
    case "actions":
      return actions(part.buttons, at);
    case "divider":
      return whole({ type: "divider" });
    default:
      return part satisfies never;
  }
}

function actions(buttons: readonly Button[], at: number): Piece | undefined {
  const elements = buttons.map((button, index) => ({ button, element: buttonElement(button, `ask-${at}-${index}`) }));
  const rows = chunks(
    elements.flatMap(({ element }) => element ?? []),
    LIMITS.buttonsInRow,
  ).map((some): Block => ({ type: "actions", elements: some }));
  const unfit = elements.filter(({ element }) => !element).map(({ button }) => button.label);
  if (unfit.length > 0) rows.push(context(`${escaped(unfit.join(", "), 500)}: too much to carry in a button`));
  return rows.length === 0 ? undefined : whole(...rows);
}

/** `undefined` if what it asks for does not fit into a button. */
function buttonElement(button: Button, id: string): types.Button | undefined {
  const value = JSON.stringify(button.ask);
  if (value.length > LIMITS.buttonValue) return undefined;
  const words = (text: string, max: number) =>
    ({ type: "plain_text", text: plain(text, max) || "…", emoji: false }) as const;
  return {
    type: "button",
    action_id: id,
    text: words(button.label, LIMITS.buttonText),
    value,
    ...(button.style ? { style: button.style } : {}),
    ...(button.spoken ? { accessibility_label: plain(button.spoken, LIMITS.buttonSpoken) } : {}),
    ...(button.confirm
      ? {
          confirm: {
            title: words(button.confirm.title, LIMITS.confirmTitle),
            text: words(button.confirm.text, LIMITS.confirmText),
            confirm: words(button.confirm.yes, LIMITS.confirmButton),
            deny: words(button.confirm.no, LIMITS.confirmButton),
            ...(button.style ? { style: button.style } : {}),
          },
        }
      : {}),
  };
}

function whole(...blocks: Block[]): Piece {
  return { kind: "whole", blocks };
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
