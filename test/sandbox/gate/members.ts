import { z } from "zod";
import { EMPLOYEES, HOME_TEAM, OTHER_BOT, OUTSIDER, SIGNOFF_BOT } from "../company.ts";
import type { SlackService } from "../services/slack.ts";
import { teamOf } from "../services/slack.ts";
import { isObject, type Json } from "./problems.ts";

/** An account of the chat as the page and the gate know it. */
export interface ChatMember {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly title: string;
  readonly zone: string;
  readonly kind: "member" | "guest" | "external" | "bot";
}

const EmulatedUser = z.looseObject({ id: z.string(), name: z.string(), profile: z.looseObject({}) });

/** The workspace's accounts: adds to the emulator's what it lacks, and hides the account that it brings along. */
export class Members {
  readonly all: readonly ChatMember[];
  readonly #deactivated = new Set<string>();

  constructor(slack: SlackService) {
    const id = (handle: string): string => slack.ids[handle] ?? handle;
    this.all = [
      ...EMPLOYEES.map(({ handle, name, title, zone, guest }): ChatMember => {
        return { id: id(handle), handle, name, title, zone, kind: guest === true ? "guest" : "member" };
      }),
      { ...OUTSIDER, id: id(OUTSIDER.handle), zone: "America/Chicago", kind: "external" },
      bot(SIGNOFF_BOT, "Signoff", "Offboards people safely and provably"),
      bot(OTHER_BOT, "Build bot", "Reports builds"),
    ];
  }

  find(id: string): ChatMember | undefined {
    return this.all.find((member) => member.id === id);
  }

  /** Finds by member id or handle. */
  resolve(who: string): ChatMember | undefined {
    return this.find(who) ?? this.all.find((member) => member.handle === who);
  }

  /** What an administrator does in Slack: the account stays, its messages stay, its owner is out. */
  deactivate(id: string): void {
    this.#deactivated.add(id);
  }

  reactivate(id: string): void {
    this.#deactivated.delete(id);
  }

  isActive(id: string): boolean {
    return this.find(id) !== undefined && !this.#deactivated.has(id);
  }

  /** A user object as `users.info` and `users.list` give it. The e-mail needs a scope of its own. */
  show(emulated: unknown, withEmail: boolean): Json | undefined {
    const user = EmulatedUser.parse(emulated);
    const member = this.find(user.id);
    if (member === undefined) return undefined;
    const { email, ...profile } = user.profile;
    const deleted = !this.isActive(member.id);
    return {
      ...user,
      real_name: member.name,
      profile: { ...profile, ...(withEmail && member.kind !== "bot" ? { email } : {}), team: teamOf(member.handle) },
      team_id: teamOf(member.handle),
      is_bot: member.kind === "bot",
      deleted,
      // Slack leaves zone and restriction out for accounts that are no longer there.
      ...(deleted
        ? {}
        : {
            tz: member.zone,
            tz_label: member.zone,
            tz_offset: offsetOf(member.zone),
            is_restricted: member.kind === "guest",
            is_ultra_restricted: false,
            ...(member.kind === "external" ? { is_stranger: true } : {}),
          }),
    };
  }

  /** Text as typed, with handles and channel names turned into what Slack sends, and `& < >` escaped. */
  escape(text: string, channels: Readonly<Record<string, string>>, style: "command" | "message"): string {
    return text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replace(/(^|[\s(,])@([a-z0-9._-]+)/g, (whole, before: string, handle: string) => {
        if (["here", "channel", "everyone"].includes(handle)) return `${before}<!${handle}>`;
        const member = this.all.find((one) => one.handle === handle);
        if (member === undefined) return whole;
        return style === "command" ? `${before}<@${member.id}|${handle}>` : `${before}<@${member.id}>`;
      })
      .replace(/(^|[\s(,])#([a-z0-9._-]+)/g, (whole, before: string, name: string) => {
        const id = channels[name];
        return id === undefined ? whole : `${before}<#${id}|${name}>`;
      });
  }
}

function bot(identity: { userId: string; handle: string }, name: string, title: string): ChatMember {
  return { id: identity.userId, handle: identity.handle, name, title, zone: "UTC", kind: "bot" };
}

function offsetOf(zone: string): number {
  const now = new Date();
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(now);
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(parts.find((part) => part.type === "timeZoneName")?.value ?? "");
  if (match === null) return 0;
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60);
}

/** The user object of a payload: commands and clicks carry this little. */
export function userOfPayload(member: ChatMember): Json {
  return { id: member.id, username: member.handle, name: member.handle, team_id: teamOf(member.handle) };
}

export const TEAM = { id: HOME_TEAM, domain: "acme" };

/** Gives blocks and elements the ids that Slack makes up where an app gives none. */
export function withIds(blocks: unknown): unknown {
  if (!Array.isArray(blocks)) return blocks;
  return blocks.map((block, at) => {
    if (!isObject(block)) return block;
    const id =
      typeof block["block_id"] === "string" && block["block_id"] !== "" ? block["block_id"] : `b${at}_${random()}`;
    const element = (one: unknown, n: number) =>
      isObject(one) &&
      one["action_id"] === undefined &&
      !["image", "mrkdwn", "plain_text"].includes(String(one["type"]))
        ? { ...one, action_id: `a${n}_${random()}` }
        : one;
    return {
      ...block,
      block_id: id,
      ...(block["accessory"] === undefined ? {} : { accessory: element(block["accessory"], 0) }),
      ...(block["element"] === undefined ? {} : { element: element(block["element"], 0) }),
      ...(block["type"] === "actions" && Array.isArray(block["elements"])
        ? { elements: block["elements"].map(element) }
        : {}),
    };
  });
}

function random(): string {
  return Math.random().toString(36).slice(2, 7);
}
