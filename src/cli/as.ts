import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { sql } from "drizzle-orm";
import type { Message } from "../chat/message.ts";
import { refusalMessage } from "../chat/messages/answers.ts";
import type { Store } from "../store/open.ts";
import type { Refusal, Request } from "../workflow/ask.ts";
import { plainLines } from "./plain.ts";
import type { Terminal } from "./say.ts";

/** Options of every command that a person of the directory gives. */
export interface AsOptions {
  /** An e-mail or an id of the directory. */
  readonly as: string;
  readonly json?: boolean;
}

/** Exit codes: done or shown; a fault, or not understood; refused, so that nothing was changed. */
export const EXIT = { done: 0, fault: 1, refused: 2 } as const;

/** A person's request from this terminal, with who the operating system says it is. */
export function requestHere({ as }: Pick<AsOptions, "as">): Request {
  const by = { surface: "terminal", person: as, user: userInfo().username, host: hostname() || "unknown" } as const;
  return { by, requestId: `terminal:${randomUUID()}` };
}

/** Says what came of a command, in words or for a program. @returns the exit code */
export function answer(
  terminal: Terminal,
  options: Pick<AsOptions, "json">,
  said: { readonly ok: boolean; readonly message: Message; readonly json: Readonly<Record<string, unknown>> },
): number {
  if (options.json) terminal.out(JSON.stringify({ ok: said.ok, ...said.json }));
  else for (const line of plainLines(said.message)) terminal[said.ok ? "out" : "err"](line);
  return said.ok ? EXIT.done : EXIT.refused;
}

/** Says why somebody may not, or that there is no such thing. */
export function refuse(terminal: Terminal, options: Pick<AsOptions, "json">, refusal: Refusal): number {
  const message = refusalMessage(refusal) ?? { summary: "", parts: [] };
  return answer(terminal, options, { ok: false, message, json: { kind: refusal.kind, why: message.summary } });
}

/** Name under which the app's job queue is connected (main.ts). */
const APP = "signoff jobs";

/** Whether an app works on this database, so that what a command asked for is done. */
export async function appRuns(store: Store): Promise<boolean> {
  const rows = await store.db.execute<{ n: number }>(
    sql`select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = ${APP}`,
  );
  return (rows[0]?.n ?? 0) > 0;
}

/** What becomes of what was asked for. */
export function goesOn(runs: boolean): string {
  return runs
    ? "The running app goes on with it."
    : "No app is running on this database, so nothing goes on before one is started: npm start.";
}
