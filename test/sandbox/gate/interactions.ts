import { randomBytes } from "node:crypto";
import { HOME_TEAM, SIGNOFF_BOT } from "../company.ts";
import { checkAnswers } from "./answers.ts";
import { checkViewContent, ownMessage } from "./content.ts";
import type { Courier, Delivered } from "./deliver.ts";
import { type ChatMember, TEAM, userOfPayload } from "./members.ts";
import { isObject, type Json } from "./problems.ts";
import type { Replies, Source } from "./replies.ts";
import type { Parts } from "./web-api.ts";

/** What was pressed or chosen; `chosen` holds what the element adds, such as `selected_option`. */
export interface Press {
  readonly userId: string;
  readonly source: Source;
  readonly blockId: string;
  readonly actionId: string;
  readonly chosen: Json;
  readonly values: Json;
}

/** What a submission leads to: closed, or what is wrong by block. */
export type Submitted =
  | { readonly errors: Readonly<Record<string, string>> }
  | { readonly trouble: string }
  | { readonly done: true };

const TROUBLE = "We had some trouble connecting. Try again?";

/** What people do, handed to the app as Slack does: commands, clicks, dialogs, and the response URLs that come with them. */
export class Interactions {
  readonly #parts: Parts;
  readonly #courier: Courier;
  readonly #now: () => number;
  readonly #replies: Replies;

  constructor(parts: Parts, courier: Courier, replies: Replies, now: () => number) {
    this.#parts = parts;
    this.#courier = courier;
    this.#replies = replies;
    this.#now = now;
  }

  /** `/command text` as typed; mentions are escaped if the manifest says so. */
  async command(by: { userId: string; channel: string; command: string; text: string }): Promise<void> {
    const member = this.#actor(by.userId);
    const declared = this.#parts.manifest.features.slash_commands.find((one) => one.command === by.command);
    if (declared === undefined) {
      this.#trouble(by.userId, by.channel, `${by.command} is not a valid command.`);
      return;
    }
    const escaped = declared.should_escape
      ? this.#parts.members.escape(by.text, this.#parts.slack.channels, "command")
      : by.text;
    const delivered = await this.#hand({
      token: "unused",
      team_id: HOME_TEAM,
      team_domain: TEAM.domain,
      channel_id: by.channel,
      channel_name: this.#channelName(by.channel),
      user_id: member.id,
      user_name: member.handle,
      command: by.command,
      text: escaped,
      api_app_id: SIGNOFF_BOT.appId,
      is_enterprise_install: "false",
      response_url: this.#replies.makeUrl(by.userId, by.channel, undefined),
      trigger_id: this.#parts.views.issue(by.userId),
    });
    if (delivered.kind === "failed") {
      this.#trouble(by.userId, by.channel, `${by.command} failed with the error “${delivered.error}”`);
      return;
    }
    const reply = isObject(delivered.json)
      ? delivered.json
      : delivered.body === ""
        ? undefined
        : { text: delivered.body };
    if (reply !== undefined)
      await this.#replies.say({ userId: by.userId, channel: by.channel, source: undefined }, reply);
  }

  /** Something was chosen from the app's shortcuts; one of a message says which. */
  async shortcut(by: {
    userId: string;
    callbackId: string;
    message?: { readonly channel: string; readonly ts: string; readonly thread?: string | undefined } | undefined;
  }): Promise<void> {
    const member = this.#actor(by.userId);
    const type = by.message === undefined ? "global" : "message";
    const declared = this.#parts.manifest.features.shortcuts.find((one) => one.callback_id === by.callbackId);
    if (declared?.type !== type) throw new Error("there is no such shortcut");
    const payload = {
      type: type === "global" ? "shortcut" : "message_action",
      token: "unused",
      action_ts: this.#actionTs(),
      team: TEAM,
      user: userOfPayload(member),
      is_enterprise_install: false,
      enterprise: null,
      callback_id: by.callbackId,
      trigger_id: this.#parts.views.issue(member.id),
    };
    if (by.message === undefined) {
      const delivered = await this.#payload(payload);
      if (delivered.kind === "failed") this.#trouble(member.id, "", TROUBLE);
      return;
    }
    const source = { kind: "message", ...by.message } as const;
    const place = await this.#find({ source }, member);
    const delivered = await this.#payload({
      ...payload,
      channel: { id: place.channel, name: this.#channelName(place.channel) },
      message_ts: by.message.ts,
      message: place.message,
      response_url: this.#replies.makeUrl(member.id, place.channel, source),
    });
    if (delivered.kind === "failed") this.#trouble(member.id, place.channel, TROUBLE);
  }

  /** The person looks at one of the app's tabs. */
  async openTab(by: { userId: string; tab: "home" | "messages" }): Promise<void> {
    const member = this.#actor(by.userId);
    const home = this.#parts.views.home(member.id);
    const opened = await this.#parts.slack.ask("conversations.open", { users: member.id }, "bot");
    await this.event("app_home_opened", {
      type: "app_home_opened",
      user: member.id,
      channel: isObject(opened["channel"]) ? opened["channel"]["id"] : "",
      tab: by.tab,
      event_ts: this.#actionTs(),
      ...(by.tab === "home" && home !== undefined ? { view: home.view } : {}),
    });
  }

  /** A button, or a choice in a message or in a dialog. */
  async press(press: Press): Promise<void> {
    const member = this.#actor(press.userId);
    const place = await this.#find(press, member);
    const element = findElement(place.blocks, press.blockId, press.actionId);
    if (element === undefined) throw new Error("there is no such element any more");
    const { source } = press;
    const view = source.kind === "view" ? { ...place.view, state: { values: press.values } } : undefined;
    const delivered = await this.#payload({
      type: "block_actions",
      user: userOfPayload(member),
      api_app_id: SIGNOFF_BOT.appId,
      token: "unused",
      container:
        source.kind === "view"
          ? { type: "view", view_id: source.viewId }
          : {
              type: "message",
              message_ts: source.ts,
              channel_id: place.channel,
              is_ephemeral: source.kind === "ephemeral",
              ...(source.kind === "message" && source.thread !== undefined ? { thread_ts: source.thread } : {}),
            },
      trigger_id: this.#parts.views.issue(member.id, source.kind === "view" ? source.viewId : undefined),
      team: TEAM,
      enterprise: null,
      is_enterprise_install: false,
      ...(view === undefined
        ? {
            channel: { id: place.channel, name: this.#channelName(place.channel) },
            ...(source.kind === "message" ? { message: place.message } : {}),
            state: { values: press.values },
            response_url: this.#replies.makeUrl(member.id, place.channel, source),
          }
        : { view }),
      actions: [
        {
          ...pick(element, ["type", "action_id", "text", "value", "style", "placeholder"]),
          ...press.chosen,
          block_id: press.blockId,
          action_ts: this.#actionTs(),
        },
      ],
    });
    if (delivered.kind === "failed") this.#trouble(member.id, place.channel, TROUBLE);
  }

  /** A dialog is sent. Required fields are checked before the app hears of it. */
  async submit(by: { userId: string; viewId: string; values: Json }): Promise<Submitted> {
    const member = this.#actor(by.userId);
    const open = this.#parts.views.find(member.id, by.viewId);
    if (open === undefined) return { trouble: "This dialog is no longer open." };
    const errors = checkAnswers(open.view["blocks"], by.values);
    if (Object.keys(errors).length > 0) return { errors };
    const delivered = await this.#payload({
      type: "view_submission",
      team: TEAM,
      user: userOfPayload(member),
      api_app_id: SIGNOFF_BOT.appId,
      token: "unused",
      trigger_id: this.#parts.views.issue(member.id, by.viewId),
      view: { ...open.view, state: { values: by.values } },
      response_urls: [],
      is_enterprise_install: false,
      enterprise: null,
    });
    if (delivered.kind === "failed") return { trouble: TROUBLE };
    return this.#afterSubmit(member.id, by.viewId, delivered.json);
  }

  #afterSubmit(userId: string, viewId: string, answer: unknown): Submitted {
    const { views } = this.#parts;
    const act = isObject(answer) ? answer["response_action"] : undefined;
    if (isObject(answer) && act === "errors") {
      const errors = isObject(answer["errors"]) ? answer["errors"] : {};
      return { errors: Object.fromEntries(Object.entries(errors).map(([block, error]) => [block, String(error)])) };
    }
    if (isObject(answer) && (act === "update" || act === "push")) {
      const view = isObject(answer["view"]) ? answer["view"] : {};
      // Slack refuses it after the app has answered, and the app never hears of it.
      if (checkViewContent(view) !== undefined) return { trouble: TROUBLE };
      const next = act === "update" ? views.update({ id: viewId }, view) : views.push(userId, view);
      if ("error" in next) return { trouble: TROUBLE };
    } else {
      views.close(userId, act === "clear" ? "all" : viewId);
    }
    this.#parts.changes.tell({ kind: "view", userId, view: views.top(userId)?.view ?? null });
    return { done: true };
  }

  /** A dialog is put away. */
  async closeView(by: { userId: string; viewId: string }): Promise<void> {
    const member = this.#actor(by.userId);
    const { views, changes } = this.#parts;
    const open = views.find(member.id, by.viewId);
    if (open === undefined) return;
    views.close(member.id, open.view["clear_on_close"] === true ? "all" : by.viewId);
    changes.tell({ kind: "view", userId: member.id, view: views.top(member.id)?.view ?? null });
    if (open.view["notify_on_close"] !== true) return;
    await this.#payload({
      type: "view_closed",
      team: TEAM,
      user: userOfPayload(member),
      api_app_id: SIGNOFF_BOT.appId,
      token: "unused",
      view: open.view,
      is_cleared: false,
      is_enterprise_install: false,
      enterprise: null,
    });
  }

  /** Something was typed into an external select: the app's options for it. */
  async suggest(by: {
    userId: string;
    source: Source;
    blockId: string;
    actionId: string;
    value: string;
  }): Promise<unknown[]> {
    const member = this.#actor(by.userId);
    const place = await this.#find(by, member);
    const delivered = await this.#payload({
      type: "block_suggestion",
      team: TEAM,
      user: userOfPayload(member),
      api_app_id: SIGNOFF_BOT.appId,
      token: "unused",
      action_id: by.actionId,
      block_id: by.blockId,
      value: by.value,
      ...(by.source.kind === "view"
        ? { container: { type: "view", view_id: by.source.viewId }, view: place.view }
        : { container: { type: "message", message_ts: by.source.ts, channel_id: place.channel } }),
    });
    const json = delivered.kind === "answered" && isObject(delivered.json) ? delivered.json : {};
    return Array.isArray(json["options"]) ? json["options"].slice(0, 100) : [];
  }

  /** Hands an event to the app if its manifest asks for it. */
  async event(type: string, event: Json): Promise<void> {
    const wanted = this.#parts.manifest.settings.event_subscriptions?.bot_events ?? [];
    if (!wanted.includes(type)) return;
    const envelope = {
      token: "unused",
      team_id: HOME_TEAM,
      api_app_id: SIGNOFF_BOT.appId,
      type: "event_callback",
      event_id: `Ev${randomBytes(6).toString("hex").toUpperCase()}`,
      event_time: Math.floor(this.#now() / 1000),
      authorizations: [{ team_id: HOME_TEAM, user_id: SIGNOFF_BOT.userId, is_bot: true }],
      event,
    };
    const times = this.#parts.faults.twice ? 2 : 1;
    await Promise.all(Array.from({ length: times }, () => this.#courier.event(envelope)));
  }

  #actor(userId: string): ChatMember {
    const member = this.#parts.members.find(userId);
    if (member === undefined || !this.#parts.members.isActive(userId)) throw new Error("this account cannot act");
    return member;
  }

  #actionTs(): string {
    return `${Math.floor(this.#now() / 1000)}.${String(this.#now() % 1000).padStart(6, "0")}`;
  }

  async #find({ source }: Pick<Press, "source">, member: ChatMember) {
    if (source.kind === "view") {
      const open = this.#parts.views.find(member.id, source.viewId);
      if (open === undefined) throw new Error("this dialog is no longer open");
      return { blocks: open.view["blocks"], view: open.view, channel: "", message: {} };
    }
    if (source.kind === "ephemeral") {
      const found = this.#parts.changes.findEphemeral(member.id, source.ts);
      if (found === undefined) throw new Error("this message is gone");
      return { blocks: found.message["blocks"], channel: found.channel, message: found.message, view: {} };
    }
    const [method, body] =
      source.thread === undefined
        ? (["conversations.history", { channel: source.channel, limit: 1000 }] as const)
        : (["conversations.replies", { channel: source.channel, ts: source.thread }] as const);
    const answer = await this.#parts.slack.ask(method, body, member.handle);
    const list = Array.isArray(answer["messages"]) ? answer["messages"] : [];
    const message = list.find((one) => isObject(one) && one["ts"] === source.ts);
    if (!isObject(message)) throw new Error("this message is gone");
    return { blocks: message["blocks"], channel: source.channel, message: ownMessage(message), view: {} };
  }

  #payload(payload: Json): Promise<Delivered> {
    return this.#hand({ payload: JSON.stringify(payload) });
  }

  async #hand(fields: Readonly<Record<string, string>>): Promise<Delivered> {
    const again = this.#parts.faults.twice ? this.#courier.form(fields) : undefined;
    const first = await this.#courier.form(fields);
    await again;
    return first;
  }

  #channelName(id: string): string {
    const name = Object.entries(this.#parts.slack.channels).find(([, one]) => one === id)?.[0];
    return name ?? "directmessage";
  }

  #trouble(userId: string, channel: string, text: string): void {
    this.#parts.changes.tell({ kind: "trouble", userId, channel, text });
  }
}

function findElement(blocks: unknown, blockId: string, actionId: string): Json | undefined {
  const block = (Array.isArray(blocks) ? blocks : []).find((one) => isObject(one) && one["block_id"] === blockId);
  if (!isObject(block)) return undefined;
  const elements = [
    block["accessory"],
    block["element"],
    ...(Array.isArray(block["elements"]) ? block["elements"] : []),
  ];
  return elements.filter(isObject).find((one) => one["action_id"] === actionId);
}

function pick(object: Json, keys: readonly string[]): Json {
  return Object.fromEntries(keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]]));
}
