import { randomBytes } from "node:crypto";
import { HOME_TEAM, SIGNOFF_BOT } from "../company.ts";
import { VIEW_BYTES } from "./blocks.ts";
import { withIds } from "./members.ts";
import type { Json } from "./problems.ts";

/** How long a trigger may be used, in milliseconds: https://docs.slack.dev/interactivity/handling-user-interaction */
const TRIGGER_LIFE = 3000;
/** How many views may lie on each other. */
const STACK = 3;

/** A view that lies open before someone. */
export interface OpenView {
  readonly id: string;
  readonly userId: string;
  readonly view: Json;
}

interface Trigger {
  readonly userId: string;
  readonly madeAt: number;
  readonly viewId: string | undefined;
  used: boolean;
}

/** Dialogs and the triggers that open them. The emulator knows neither clicks nor who made them, so they live here. */
export class Views {
  readonly #triggers = new Map<string, Trigger>();
  readonly #stacks = new Map<string, OpenView[]>();
  readonly #homes = new Map<string, OpenView>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A trigger for what `userId` just did; good once and for three seconds. */
  issue(userId: string, viewId?: string): string {
    const id = `${Date.now()}.${randomBytes(4).readUInt32BE()}.${randomBytes(16).toString("hex")}`;
    this.#triggers.set(id, { userId, madeAt: this.#now(), viewId, used: false });
    return id;
  }

  /** Uses a trigger up; the error is Slack's word. */
  take(id: unknown): { readonly userId: string; readonly viewId: string | undefined } | { readonly error: string } {
    const trigger = typeof id === "string" ? this.#triggers.get(id) : undefined;
    if (trigger === undefined) return { error: "invalid_trigger_id" };
    if (trigger.used) return { error: "exchanged_trigger_id" };
    if (this.#now() - trigger.madeAt >= TRIGGER_LIFE) return { error: "expired_trigger_id" };
    trigger.used = true;
    return { userId: trigger.userId, viewId: trigger.viewId };
  }

  /** Opens a view, in place of what the person has open. */
  open(userId: string, content: Json): OpenView {
    const view = this.#make(userId, content, undefined);
    this.#stacks.set(userId, [view]);
    return view;
  }

  /** Puts a view on top of another. */
  push(userId: string, content: Json): OpenView | { readonly error: string } {
    const stack = this.#stacks.get(userId) ?? [];
    if (stack.length >= STACK) return { error: "push_limit_reached" };
    const view = this.#make(userId, content, stack.at(-1));
    this.#stacks.set(userId, [...stack, view]);
    return view;
  }

  /** Replaces the content of an open view; `hash` guards against a race where it is given. */
  update(
    by: { id?: string; externalId?: string; hash?: string },
    content: Json,
  ): OpenView | { readonly error: string } {
    const old = [...this.#stacks.values()]
      .flat()
      .find((one) => one.id === by.id || (by.externalId !== undefined && one.view["external_id"] === by.externalId));
    if (old === undefined) return { error: "not_found" };
    if (by.hash !== undefined && by.hash !== old.view["hash"]) return { error: "hash_conflict" };
    const view = { ...old, view: { ...old.view, ...shape(content), hash: newHash() } };
    const stack = this.#stacks.get(old.userId) ?? [];
    this.#stacks.set(
      old.userId,
      stack.map((one) => (one.id === old.id ? view : one)),
    );
    return view;
  }

  /** What lies on top before this person. */
  top(userId: string): OpenView | undefined {
    return this.#stacks.get(userId)?.at(-1);
  }

  /** Replaces the Home tab; a view keeps its id. `hash` guards against a race where it is given. */
  publish(userId: string, content: Json, hash: string | undefined): OpenView | { readonly error: string } {
    const old = this.#homes.get(userId);
    if (hash !== undefined && hash !== old?.view["hash"]) return { error: "hash_conflict" };
    const made = this.#make(userId, content, undefined);
    const home = old === undefined ? made : { ...made, id: old.id, view: { ...made.view, id: old.id } };
    this.#homes.set(userId, home);
    return home;
  }

  home(userId: string): OpenView | undefined {
    return this.#homes.get(userId);
  }

  find(userId: string, viewId: string): OpenView | undefined {
    const home = this.#homes.get(userId);
    if (home?.id === viewId) return home;
    return this.#stacks.get(userId)?.find((one) => one.id === viewId);
  }

  /** Takes one view away, or all of them. */
  close(userId: string, viewId: string | "all"): void {
    const stack = this.#stacks.get(userId) ?? [];
    this.#stacks.set(userId, viewId === "all" ? [] : stack.filter((one) => one.id !== viewId));
  }

  #make(userId: string, content: Json, previous: OpenView | undefined): OpenView {
    const id = `V${randomBytes(5).toString("hex").toUpperCase()}`;
    const view = {
      id,
      team_id: HOME_TEAM,
      ...shape(content),
      state: { values: {} },
      hash: newHash(),
      root_view_id: previous?.view["root_view_id"] ?? id,
      previous_view_id: previous?.id ?? null,
      app_id: SIGNOFF_BOT.appId,
      bot_id: SIGNOFF_BOT.botId,
      app_installed_team_id: HOME_TEAM,
    };
    return { id, userId, view };
  }
}

/** Whether a view is beyond what Slack takes. */
export function isTooLarge(view: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(view) ?? "") > VIEW_BYTES;
}

function shape(content: Json): Json {
  return {
    type: "modal",
    private_metadata: "",
    callback_id: "",
    external_id: "",
    submit: null,
    close: null,
    clear_on_close: false,
    notify_on_close: false,
    ...content,
    blocks: withIds(content["blocks"]),
  };
}

function newHash(): string {
  return `${Math.floor(Date.now() / 1000)}.${randomBytes(4).toString("hex")}`;
}
