import { randomBytes } from "node:crypto";
import { checkContent, ephemeral, ownMessage } from "./content.ts";
import type { Json } from "./problems.ts";
import type { Parts } from "./web-api.ts";

/** Where something was pressed. `thread` is the parent's `ts` when the message is a reply. */
export type Source =
  | { readonly kind: "message"; readonly channel: string; readonly ts: string; readonly thread?: string | undefined }
  | { readonly kind: "ephemeral"; readonly ts: string }
  | { readonly kind: "view"; readonly viewId: string };

interface ResponseUrl {
  readonly userId: string;
  readonly channel: string;
  readonly source: Source | undefined;
  readonly madeAt: number;
  uses: number;
}

/** What the app says to a command or a click: at once, or over the URL that came with it. */
export class Replies {
  readonly #parts: Parts;
  readonly #origin: () => string;
  readonly #now: () => number;
  readonly #urls = new Map<string, ResponseUrl>();
  /** A counter for the `ts` of what only one person sees. */
  #private = 0;

  constructor(parts: Parts, origin: () => string, now: () => number) {
    this.#parts = parts;
    this.#origin = origin;
    this.#now = now;
  }

  /** A URL for one command or click. */
  makeUrl(userId: string, channel: string, source: Source | undefined): string {
    const id = randomBytes(18).toString("base64url");
    this.#urls.set(id, { userId, channel, source, madeAt: this.#now(), uses: 0 });
    return `${this.#origin()}/response/${id}`;
  }

  /** The app uses a response URL: at most five times in half an hour. */
  async respond(id: string, body: Json): Promise<{ readonly status: number; readonly body: Json }> {
    const url = this.#urls.get(id);
    if (url === undefined || this.#now() - url.madeAt > 30 * 60_000) {
      return { status: 404, body: { ok: false, error: "expired_url" } };
    }
    if (url.uses >= 5) return { status: 404, body: { ok: false, error: "used_url" } };
    const fault = body["delete_original"] === true ? undefined : checkContent(body);
    if (fault !== undefined) return { status: 400, body: fault };
    url.uses += 1;
    await this.say(url, body);
    return { status: 200, body: { ok: true } };
  }

  /** Says what the app answers: to one person, in place of the original, or to all. */
  async say(to: Pick<ResponseUrl, "userId" | "channel" | "source">, body: Json): Promise<void> {
    const { changes, slack } = this.#parts;
    const original = to.source?.kind === "view" ? undefined : to.source;
    const replaces = body["replace_original"] === true || body["delete_original"] === true;
    if (replaces && original?.kind === "ephemeral") {
      if (body["delete_original"] === true) {
        return changes.tell({ kind: "ephemeral-gone", userId: to.userId, channel: to.channel, ts: original.ts });
      }
      return changes.tell({
        kind: "ephemeral",
        userId: to.userId,
        channel: to.channel,
        message: ephemeral(original.ts, body),
      });
    }
    if (replaces && original?.kind === "message") {
      const gone = body["delete_original"] === true;
      const { replace_original: _, ...content } = body;
      const at = { channel: to.channel, ts: original.ts };
      const answer = await slack.ask(gone ? "chat.delete" : "chat.update", gone ? at : { ...content, ...at }, "bot");
      if (answer.ok && gone) changes.tell({ kind: "deleted", ...at });
      if (answer.ok && !gone)
        changes.tell({ kind: "message", channel: to.channel, message: ownMessage(answer["message"]) });
      return;
    }
    if (body["response_type"] === "in_channel") {
      const answer = await slack.ask("chat.postMessage", { ...body, channel: to.channel }, "bot");
      if (answer.ok) changes.tell({ kind: "message", channel: to.channel, message: ownMessage(answer["message"]) });
      return;
    }
    this.#private += 1;
    const ts = `${Math.floor(Date.now() / 1000)}.9${String(this.#private).padStart(5, "0")}`;
    changes.tell({ kind: "ephemeral", userId: to.userId, channel: to.channel, message: ephemeral(ts, body) });
  }
}
