import { and, eq } from "drizzle-orm";
import { breaksOf } from "../core/breaks.ts";
import { isOver } from "../core/case.ts";
import { listBroken } from "../store/broken.ts";
import { type Case, listPlans, lockCase, type PlanRow } from "../store/cases.ts";
import { isLeaving } from "../store/leaving.ts";
import type { Tx } from "../store/open.ts";
import { broken } from "../store/schema.ts";
import { ask, byPerson, type Denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { findPerson } from "./known-people.ts";
import { wantCasePosts, wantPost } from "./notices.ts";
import type { Job } from "./queues.ts";
import type { Change, Said } from "./transition.ts";
import { type ChatAccount, findPersonOfChat } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/** What becomes of one thing that breaks: an heir, or nobody: let it break. */
export interface BreakChoice {
  readonly key: string;
  readonly heir: ChatAccount | null;
}

export type BreaksSettled =
  | { readonly kind: "settled"; readonly heirs: number; readonly let: number; readonly open: number }
  | { readonly kind: "bad-heir"; readonly key: string; readonly why: string }
  | { readonly kind: "too-late" };

/** Says of things that break with a plan who takes each over, or that it may break. What was said before is replaced. */
export function settleBreaks(
  w: Workflow,
  request: Request,
  { caseId, choices }: { readonly caseId: string; readonly choices: readonly BreakChoice[] },
): Promise<BreaksSettled | Refusal> {
  return ask<BreaksSettled | Refusal>(
    w,
    request,
    async (tx, asker): Promise<Change<BreaksSettled | Refusal> | Denied> => {
      const row = await lockCase(tx, caseId);
      if (!row) return { result: { kind: "missing", what: "case" } };
      const no = await deniedIn(tx, w, asker, "settle-break", row);
      if (no) return no;
      if (isOver(row.state)) return { result: { kind: "too-late" } };
      const breaks = new Map(breaksIn(await listPlans(tx, caseId)).map((one) => [one.key, one]));
      const entries: Said[] = [];
      const settled: string[] = [];
      for (const { key, heir } of choices) {
        const one = breaks.get(key);
        if (!one) continue;
        const heirId = heir === null ? null : await heirOf(tx, w, row, heir);
        if (heirId !== null && typeof heirId !== "string") return { result: { kind: "bad-heir", key, ...heirId } };
        const choice = { choice: heirId === null ? "let" : "heir", heirId, by: asker.personId, at: w.now(), seq: -1 };
        await tx
          .insert(broken)
          .values({ caseId, key, ...choice })
          .onConflictDoUpdate({ target: [broken.caseId, broken.key], set: choice });
        settled.push(key);
        entries.push({
          actor: byPerson(request, asker),
          action: "break.settled",
          outcome: "success",
          target: { kind: "break", id: key, system: one.system },
          case: row.id,
          detail: { choice: choice.choice, ...(heirId === null ? {} : { heir: heirId }), what: one.what },
        });
      }
      const done = new Set((await listBroken(tx, caseId)).map(({ key }) => key));
      const heirs = choices.filter(({ key, heir }) => heir !== null && settled.includes(key)).length;
      return {
        result: {
          kind: "settled",
          heirs,
          let: settled.length - heirs,
          open: [...breaks.keys()].filter((key) => !done.has(key)).length,
        },
        entries,
        next: await wantCasePosts(tx, row),
        seal: async (sealing, seqs) => {
          for (const [at, key] of settled.entries())
            await sealing
              .update(broken)
              .set({ seq: seqs[at] ?? -1 })
              .where(and(eq(broken.caseId, caseId), eq(broken.key, key)));
        },
      };
    },
  );
}

/** What breaks with the plans of a case that are decided on or approved. */
export function breaksIn(plans: readonly PlanRow[]) {
  return breaksOf(
    plans.filter(({ state }) => state === "proposed" || state === "approved").flatMap(({ plan }) => plan.steps),
  );
}

/** Tells each heir what falls to them, when the departure may be known. */
export async function tellHeirs(tx: Tx, caseId: string): Promise<Job[]> {
  const heirs = new Set((await listBroken(tx, caseId)).flatMap(({ heirId }) => heirId ?? []));
  return Promise.all(
    [...heirs].map((personId) =>
      wantPost(tx, `heir:${caseId}:${personId}`, { kind: "heir", caseId }, { kind: "person", personId }),
    ),
  );
}

async function heirOf(
  tx: Tx,
  w: Workflow,
  row: Case,
  account: ChatAccount,
): Promise<string | { readonly why: string }> {
  const id = await findPersonOfChat(tx, w, account);
  const person = id === undefined ? undefined : await findPerson(tx, w, id);
  if (!person) return { why: "The directory does not know this account." };
  if (person.id === row.leaverId || (await isLeaving(tx, person.id))) return { why: "This person is leaving." };
  return person.active ? person.id : { why: "This person is not active any more." };
}
