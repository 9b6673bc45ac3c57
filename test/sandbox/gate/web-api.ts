import { SIGNOFF_BOT } from "../company.ts";
import type { SlackAnswer, SlackService } from "../services/slack.ts";
import { checkHome } from "./blocks.ts";
import type { Changes } from "./changes.ts";
import { checkContent, checked, checkViewContent, ephemeral, ownMessage, reasons, refusal } from "./content.ts";
import type { Faults } from "./faults.ts";
import type { Manifest } from "./manifest.ts";
import { type Members, withIds } from "./members.ts";
import { type ConversationKind, METHODS, scopesFor } from "./methods.ts";
import { isObject, type Json } from "./problems.ts";
import type { Views } from "./views.ts";

/** Characters of `text`: https://docs.slack.dev/reference/methods/chat.update says 4,000. */
const UPDATE_TEXT = 4000;

/** An answer on the wire. */
export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
}

/** What the gate's parts share. */
export interface Parts {
  readonly slack: SlackService;
  readonly manifest: Manifest;
  readonly members: Members;
  readonly views: Views;
  readonly faults: Faults;
  readonly changes: Changes;
}

/** One call that came through, for tests that ask which scopes are exercised. */
export interface SeenCall {
  readonly method: string;
  readonly scopes: readonly string[];
  readonly ok: boolean;
  readonly error?: string;
  readonly body: Json;
}

type Body = Readonly<Record<string, unknown>>;

/** The Web API as the app sees it: refuses what Slack refuses, forwards the rest to the emulator. */
export class WebApi {
  readonly seen: SeenCall[] = [];
  readonly #parts: Parts;
  readonly #kinds = new Map<string, ConversationKind>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async call(method: string, token: string | undefined, body: Body): Promise<WebAnswer> {
    const { faults, manifest } = this.#parts;
    const seconds = faults.takeLimit(method);
    if (seconds !== undefined) {
      return { status: 429, headers: { "retry-after": String(seconds) }, body: refusal("ratelimited") };
    }
    const granted = manifest.oauth_config.scopes.bot;
    const answer = await this.#answer(method, token, body, granted);
    this.seen.push({
      method,
      scopes: answer.needed,
      ok: answer.body["ok"] === true,
      ...(typeof answer.body["error"] === "string" ? { error: answer.body["error"] } : {}),
      body,
    });
    return {
      status: 200,
      headers: { "x-oauth-scopes": granted.join(","), "x-accepted-oauth-scopes": answer.needed.join(",") },
      body: answer.body,
    };
  }

  async #answer(name: string, token: string | undefined, body: Body, granted: readonly string[]) {
    const no = (error: string, more: Json = {}) => ({ needed: [] as string[], body: { ...refusal(error), ...more } });
    const method = METHODS[name];
    if (method === undefined) return no("unknown_method", { req_method: name });
    if (token === undefined) return no("not_authed");
    if (token !== this.#parts.slack.botToken) return no("invalid_auth");
    if (!this.#parts.members.isActive(SIGNOFF_BOT.userId)) return no("account_inactive");
    for (const need of method.needs ?? []) {
      if (body[need] === undefined || body[need] === "")
        return no(...invalidArguments(`missing required field: ${need}`));
    }
    const kind = await this.#kindOf(text(body["channel"]));
    const needed = scopesFor(name, method, kind ?? "channels", text(body["types"]));
    const missing = needed.filter((scope) => !granted.includes(scope));
    if (missing.length > 0) {
      return no("missing_scope", { needed: missing.join(","), provided: granted.join(",") });
    }
    if (this.#parts.faults.takeLie(name)) return { needed, body: lieAbout(body) };
    return { needed, body: await this.#perform(name, body, kind) };
  }

  async #perform(name: string, body: Body, kind: ConversationKind | undefined): Promise<Json> {
    switch (name) {
      case "chat.postMessage":
        return this.#post(body, kind);
      case "chat.postEphemeral":
        return this.#postEphemeral(body, kind);
      case "chat.update":
        return this.#update(body);
      case "chat.delete":
        return this.#delete(body);
      case "views.open":
      case "views.push":
        return this.#openView(name, body);
      case "views.update":
        return this.#updateView(body);
      case "views.publish":
        return this.#publish(body);
      case "users.info":
      case "users.list":
      case "users.lookupByEmail":
        return this.#users(name, body);
      case "conversations.open":
        return this.#openConversation(body);
      default:
        return this.#forward(name, body, kind);
    }
  }

  // --- messages -----------------------------------------------------------------------------------------------------

  async #post(body: Body, kind: ConversationKind | undefined): Promise<Json> {
    const channel = text(body["channel"]) ?? "";
    const fault = checkContent(body) ?? (await this.#checkPlace(channel, kind));
    if (fault !== undefined) return fault;
    const answer = await this.#ask("chat.postMessage", { ...body, ...stored(body) });
    if (!answer.ok) return answer;
    const message = ownMessage(answer["message"]);
    this.#parts.changes.tell({ kind: "message", channel: String(answer["channel"]), message });
    return { ...answer, message: withoutMetadata(message) };
  }

  async #postEphemeral(body: Body, kind: ConversationKind | undefined): Promise<Json> {
    const channel = text(body["channel"]) ?? "";
    const userId = text(body["user"]) ?? "";
    const fault = checkContent(body) ?? (await this.#checkPlace(channel, kind));
    if (fault !== undefined) return fault;
    if (!this.#parts.members.isActive(userId)) return refusal("user_not_found");
    const answer = await this.#ask("chat.postEphemeral", { ...body, ...stored(body) });
    if (!answer.ok) return answer;
    this.#parts.changes.tell({
      kind: "ephemeral",
      userId,
      channel,
      message: ephemeral(String(answer["message_ts"]), { ...body, ...stored(body) }),
    });
    return answer;
  }

  async #update(body: Body): Promise<Json> {
    const fault = checkContent(body);
    if (fault !== undefined) return fault;
    if ([...(text(body["text"]) ?? "")].length > UPDATE_TEXT) return refusal("msg_too_long");
    const answer = await this.#ask("chat.update", { ...body, ...stored(body) });
    if (!answer.ok) return answer;
    const message = ownMessage({ ...(isObject(answer["message"]) ? answer["message"] : {}), edited: undefined });
    this.#parts.changes.tell({ kind: "message", channel: String(answer["channel"]), message });
    return { ...answer, message: withoutMetadata(message) };
  }

  async #delete(body: Body): Promise<Json> {
    const answer = await this.#ask("chat.delete", body);
    if (answer.ok) {
      this.#parts.changes.tell({ kind: "deleted", channel: String(body["channel"]), ts: String(body["ts"]) });
    }
    return answer;
  }

  async #checkPlace(channel: string, kind: ConversationKind | undefined): Promise<Json | undefined> {
    const member = this.#parts.members.find(channel);
    if (member !== undefined) return member.kind === "bot" ? refusal("channel_not_found") : undefined;
    if (kind === undefined) return refusal("channel_not_found");
    if (kind !== "channels") return undefined;
    const info = await this.#ask("conversations.info", { channel });
    const inside = isObject(info["channel"]) && info["channel"]["is_member"] === true;
    return inside ? undefined : refusal("not_in_channel");
  }

  // --- views --------------------------------------------------------------------------------------------------------

  #openView(name: "views.open" | "views.push", body: Body): Json {
    const { views, members, faults, changes } = this.#parts;
    const fault = checkViewContent(body["view"]);
    if (fault !== undefined) return fault;
    const trigger = views.take(body["trigger_id"] ?? body["interactivity_pointer"]);
    if ("error" in trigger) {
      const odd = faults.oddTriggerError && trigger.error === "expired_trigger_id";
      return odd
        ? { ...refusal("invalid_arguments"), ...reasons(["[ERROR] trigger_id expired"]) }
        : refusal(trigger.error);
    }
    if (!members.isActive(trigger.userId)) return refusal("user_not_found");
    const view = isObject(body["view"]) ? body["view"] : {};
    const opened = name === "views.open" ? views.open(trigger.userId, view) : views.push(trigger.userId, view);
    if ("error" in opened) return refusal(opened.error);
    changes.tell({ kind: "view", userId: opened.userId, view: opened.view });
    return { ok: true, view: opened.view };
  }

  #publish(body: Body): Json {
    const { views, members, manifest, changes } = this.#parts;
    const fault = checkViewContent(body["view"]) ?? checked(checkHome(body["view"]));
    if (fault !== undefined) return fault;
    if (manifest.features.app_home?.home_tab_enabled !== true) return refusal("not_enabled");
    const userId = text(body["user_id"]) ?? "";
    if (!members.isActive(userId)) return refusal("user_not_found");
    const home = views.publish(userId, isObject(body["view"]) ? body["view"] : {}, text(body["hash"]));
    if ("error" in home) return refusal(home.error);
    changes.tell({ kind: "home", userId, view: home.view });
    return { ok: true, view: home.view };
  }

  #updateView(body: Body): Json {
    const fault = checkViewContent(body["view"]);
    if (fault !== undefined) return fault;
    const [id, externalId, hash] = [text(body["view_id"]), text(body["external_id"]), text(body["hash"])];
    const view = this.#parts.views.update(
      {
        ...(id === undefined ? {} : { id }),
        ...(externalId === undefined ? {} : { externalId }),
        ...(hash === undefined ? {} : { hash }),
      },
      isObject(body["view"]) ? body["view"] : {},
    );
    if ("error" in view) return refusal(view.error);
    const top = this.#parts.views.top(view.userId);
    if (top !== undefined) this.#parts.changes.tell({ kind: "view", userId: view.userId, view: top.view });
    return { ok: true, view: view.view };
  }

  // --- people and places ----------------------------------------------------------------------------------------------

  async #users(name: string, body: Body): Promise<Json> {
    const withEmail = this.#parts.manifest.oauth_config.scopes.bot.includes("users:read.email");
    const answer = await this.#ask(name, body);
    if (!answer.ok) return answer;
    if (name === "users.list") {
      const list = Array.isArray(answer["members"]) ? answer["members"] : [];
      return { ...answer, members: list.flatMap((user) => this.#parts.members.show(user, withEmail) ?? []) };
    }
    const user = this.#parts.members.show(answer["user"], withEmail);
    if (user === undefined) return refusal("user_not_found");
    // A deactivated account is not found by its e-mail, though the list still has it.
    if (name === "users.lookupByEmail" && user["deleted"] === true) return refusal("users_not_found");
    return { ok: true, user };
  }

  async #openConversation(body: Body): Promise<Json> {
    const users = (text(body["users"]) ?? "").split(",").filter((id) => id !== "");
    for (const id of users) {
      const member = this.#parts.members.find(id);
      if (member === undefined) return refusal("user_not_found");
      if (member.kind === "bot") return refusal("cannot_dm_bot");
      if (!this.#parts.members.isActive(id)) return refusal("user_disabled");
    }
    return this.#ask("conversations.open", body);
  }

  async #forward(name: string, body: Body, kind: ConversationKind | undefined): Promise<Json> {
    if (name.startsWith("conversations.") && name !== "conversations.list" && kind === undefined) {
      return refusal("channel_not_found");
    }
    const answer = await this.#ask(name, body);
    if (Array.isArray(answer["members"])) {
      return {
        ...answer,
        members: answer["members"].filter((id) => this.#parts.members.find(String(id)) !== undefined),
      };
    }
    if (Array.isArray(answer["messages"])) {
      const whole = body["include_all_metadata"] === true || body["include_all_metadata"] === "true";
      const shown = answer["messages"].map(ownMessage);
      return { ...answer, messages: whole ? shown : shown.map(withoutMetadata) };
    }
    if (answer.ok && (name.startsWith("files.") || name === "reactions.add")) {
      this.#parts.changes.tell({ kind: "reload", channel: String(body["channel"] ?? body["channel_id"]) });
    }
    return answer;
  }

  /** Asks the emulator as the app. A private conversation without the app is as good as none. */
  async #ask(name: string, body: Body): Promise<SlackAnswer> {
    const answer = await this.#parts.slack.ask(name, body, "bot");
    if (answer.error === "not_in_channel" && (await this.#kindOf(text(body["channel"]))) === undefined) {
      return { ok: false, error: "channel_not_found" };
    }
    return answer;
  }

  async #kindOf(channel: string | undefined): Promise<ConversationKind | undefined> {
    if (channel === undefined) return undefined;
    const known = this.#kinds.get(channel);
    if (known !== undefined) return known;
    const answer = await this.#parts.slack.ask("conversations.info", { channel }, "bot");
    const info = answer["channel"];
    if (!answer.ok || !isObject(info)) return undefined;
    const kind =
      info["is_im"] === true
        ? "im"
        : info["is_mpim"] === true
          ? "mpim"
          : info["is_private"] === true
            ? "groups"
            : "channels";
    this.#kinds.set(channel, kind);
    return kind;
  }
}

function invalidArguments(what: string): [string, Json] {
  return ["invalid_arguments", reasons([`[ERROR] ${what}`])];
}

function stored(body: Body): Json {
  return body["blocks"] === undefined ? {} : { blocks: withIds(body["blocks"]) };
}

function withoutMetadata(message: Json): Json {
  const { metadata: _, ...rest } = message;
  return rest;
}

function lieAbout(body: Body): Json {
  const ts = `${Math.floor(Date.now() / 1000)}.999999`;
  return {
    ok: true,
    channel: body["channel"],
    ts: body["ts"] ?? ts,
    message_ts: ts,
    message: { text: body["text"], ts },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
