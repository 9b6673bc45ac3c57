import { isRefusal } from "../chat/desk.ts";
import { cancelledMessage, noCaseMessage, tooLateToCancel } from "../chat/messages/answers.ts";
import { casesMessage, noOpenCase, statusMessage } from "../chat/messages/cases.ts";
import { only } from "../chat/messages/words.ts";
import { readSaidTime } from "../chat/said-time.ts";
import { LeaveKind, Reason } from "../core/case.ts";
import { cancelCase } from "../workflow/cancel-case.ts";
import { checkLeaver, type Leaving, openCase } from "../workflow/open-case.ts";
import { readCaseOf, readOpenCases } from "../workflow/open-cases.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { type AsOptions, answer, appRuns, EXIT, goesOn, refuse, requestHere } from "./as.ts";
import type { Terminal } from "./say.ts";

/** What `case open` takes. */
export interface OpenOptions extends AsOptions {
  /** Words such as `Friday 6pm`, in the leaver's zone, or `now`. */
  readonly at: string;
  readonly kind: string;
  readonly reason: string;
  readonly announced?: boolean;
  readonly heir?: string;
}

/** `signoff case open` and `contain`: the same arrow as in chat. @returns the exit code */
export async function caseOpen(
  w: Workflow,
  who: string,
  options: OpenOptions & { readonly mode: "orderly" | "contain" },
  terminal: Terminal,
): Promise<number> {
  const leaver = { kind: "said", text: who } as const;
  const ready = await checkLeaver(w, requestHere(options), leaver);
  if (isRefusal(ready)) return refuse(terminal, options, ready);
  if (ready.kind !== "ready")
    return answer(terminal, options, { ok: false, message: noCaseMessage(ready), json: { ...ready } });
  const when = readWhen(options.at, ready.zone, w.now());
  if (typeof when === "string") {
    terminal.err(`--at: ${when} No case was opened.`);
    return EXIT.fault;
  }
  const opened = await openCase(w, requestHere(options), leaver, {
    when,
    kind: LeaveKind.parse(options.kind),
    mode: options.mode,
    announced: options.announced === true,
    reason: Reason.parse(options.reason),
    ...(options.heir === undefined ? {} : { heir: { kind: "said", text: options.heir } as const }),
  });
  if (isRefusal(opened)) return refuse(terminal, options, opened);
  if (opened.kind !== "opened")
    return answer(terminal, options, { ok: false, message: noCaseMessage(opened), json: { ...opened } });
  const runs = await appRuns(w.store);
  return answer(terminal, options, {
    ok: true,
    message: only(
      `The case ${opened.caseId} for ${ready.name} is open. Access ends `,
      { time: opened.dueAt, zone: opened.zone },
      `. Nothing is taken before it is approved, by others than ${options.as}. ${goesOn(runs)}`,
    ),
    json: { caseId: opened.caseId, person: ready.personId, due: opened.dueAt.toISOString(), appRuns: runs },
  });
}

/** `signoff case cancel`. @returns the exit code */
export async function caseCancel(w: Workflow, who: string, options: AsOptions, terminal: Terminal): Promise<number> {
  const found = await readCaseOf(w, requestHere(options), { kind: "text", text: who });
  if (isRefusal(found)) return refuse(terminal, options, found);
  const [first] = found.cases;
  if (!first) return answer(terminal, options, { ok: false, message: noOpenCase(), json: { kind: "none" } });
  const caseId = first.view.case.id;
  const done = await cancelCase(w, requestHere(options), caseId);
  if (isRefusal(done)) return refuse(terminal, options, done);
  const cancelled = done.kind === "cancelled";
  const message = cancelled ? cancelledMessage() : tooLateToCancel(done.state);
  return answer(terminal, options, { ok: cancelled, message, json: { caseId, kind: done.kind } });
}

/** `signoff case status`: the case as it stands now. @returns the exit code */
export async function caseStatus(w: Workflow, who: string, options: AsOptions, terminal: Terminal): Promise<number> {
  const found = await readCaseOf(w, requestHere(options), { kind: "text", text: who });
  if (isRefusal(found)) return refuse(terminal, options, found);
  const [first, ...others] = found.cases;
  if (!first) return answer(terminal, options, { ok: false, message: noOpenCase(), json: { kind: "none" } });
  const message = others.length > 0 ? casesMessage(found.cases, w.now()) : statusMessage(first);
  return answer(terminal, options, { ok: true, message, json: { cases: found.cases.map(caseFacts) } });
}

/** `signoff case list`. @returns the exit code */
export async function caseList(w: Workflow, options: AsOptions, terminal: Terminal): Promise<number> {
  const found = await readOpenCases(w, requestHere(options));
  if (isRefusal(found)) return refuse(terminal, options, found);
  const message = casesMessage(found.cases, w.now());
  return answer(terminal, options, { ok: true, message, json: { cases: found.cases.map(caseFacts) } });
}

/** What a program needs of a case. */
function caseFacts({ view }: { readonly view: Parameters<typeof statusMessage>[0]["view"] }) {
  const { case: row, leaver, steps, plans } = view;
  const states = steps.map(({ state }) => state);
  return {
    id: row.id,
    state: row.state,
    mode: row.mode,
    leaver: { id: leaver.id, name: leaver.name },
    due: row.dueAt.toISOString(),
    approvals: plans[0]?.decisions.filter(({ verdict }) => verdict === "approved").length ?? 0,
    steps: Object.fromEntries(
      [...new Set(states)].map((state) => [state, states.filter((one) => one === state).length]),
    ),
  };
}

/** Nobody is there to confirm an assumption, so each of them is a refusal. */
function readWhen(words: string, zone: string, now: Date): Leaving["when"] | string {
  const said = readSaidTime(words, zone, now);
  switch (said.kind) {
    case "now":
      return { kind: "now" };
    case "nothing":
      return `“${words}” names no time. Write 30 Nov 18:00, or now.`;
    case "unclear":
      return said.why;
    case "at":
      if (said.rest !== "") return `“${said.rest}” was not understood.`;
      if (said.questions.length > 0) return `${said.questions.join(" ")} Write it out: 30 Nov 18:00.`;
      return { kind: "at", date: said.date, time: said.time, zone };
    default:
      return said satisfies never;
  }
}
