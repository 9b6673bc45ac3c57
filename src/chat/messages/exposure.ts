import type { CaseView, StepView } from "../../store/views.ts";
import type { Part, Rich } from "../message.ts";
import { containmentTimes } from "./containment.ts";
import { duration } from "./duration.ts";
import { count, paragraph } from "./words.ts";

// How long access worked after it should not have: from the due instant to the read that shows it gone, by our clock, and by the
// vendors' where they give one.

/** Of few systems each has its line; of more, those that took longest. */
const SYSTEMS = 15;

/** Time from the due instant to each proof, in milliseconds, shortest first. */
export function proofTimes(view: CaseView): readonly number[] {
  return timesOf(view, (step) => (step.state === "proven" ? (step.provenAt ?? undefined) : undefined));
}

/** The value that `share` of the sorted values do not exceed (nearest rank). */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

/** First, last and nearly all, ours and the vendors'; then each system's exposure, the worst first. */
export function exposureParts(view: CaseView, theirs: ReadonlyMap<string, Date>): Part[] {
  const contained = containmentTimes(view);
  const ours = proofTimes(view);
  if (ours.length === 0) return contained;
  const vendors = timesOf(view, (step) => (step.state === "proven" ? theirs.get(step.grantKey) : undefined));
  const cut = view.case.cutAt;
  const waited = cut === null ? 0 : cut.getTime() - view.case.dueAt.getTime();
  return [
    ...contained,
    paragraph(
      { bold: "Times" },
      " from ",
      { time: view.case.dueAt, zone: view.case.dueZone },
      `: ${spread(ours, "proof")}.`,
      waited > 1000 ? ` The cut itself began ${duration(waited)} after that.` : "",
    ),
    ...(vendors.length === 0
      ? []
      : [
          paragraph(
            { bold: "By the systems’ own clocks" },
            `, for ${vendors.length} of ${ours.length}: ${spread(vendors, "end")}.`,
          ),
        ]),
    ...systemsParts(view),
  ];
}

function systemsParts(view: CaseView): Part[] {
  const systems = Map.groupBy(view.steps, ({ system }) => system);
  if (systems.size < 2) return [];
  const lines = [...systems.values()]
    .map((own) => ({ own, ...exposureOf(view, own) }))
    .sort((a, b) => b.open - a.open || b.last - a.last);
  const [worst] = lines;
  const rest = lines.length - SYSTEMS;
  return [
    {
      kind: "list",
      title: [
        { bold: "Exposure" },
        `, how long after its end access was not proven gone${worst && worst.last > 0 ? `; the worst is ${worst.own[0]?.title ?? ""}` : ""}`,
      ],
      items: [
        ...lines
          .slice(0, SYSTEMS)
          .map(
            ({ own, last, open }): Rich => [
              { bold: own[0]?.title ?? "" },
              `: ${last > 0 || open < own.length ? duration(last) : "nothing proven"}, ${count(own.length, "grant")}${open > 0 ? `, ${open} not proven gone` : ""}`,
            ],
          ),
        ...(rest > 0 ? [[`${count(rest, "more system")}, each shorter.`] as Rich] : []),
      ],
    },
  ];
}

function exposureOf(view: CaseView, own: readonly StepView[]): { readonly last: number; readonly open: number } {
  const proven = own.flatMap(({ state, provenAt }) => (state === "proven" && provenAt ? [provenAt] : []));
  const last = Math.max(0, ...proven.map((at) => at.getTime() - view.case.dueAt.getTime()));
  return { last, open: own.length - proven.length };
}

function timesOf(view: CaseView, at: (step: StepView) => Date | undefined): readonly number[] {
  return view.steps
    .flatMap((step) => at(step) ?? [])
    .map((time) => Math.max(0, time.getTime() - view.case.dueAt.getTime()))
    .sort((a, b) => a - b);
}

function spread(times: readonly number[], what: string): string {
  const [first = 0] = times;
  return `first ${what} after ${duration(first)}, last after ${duration(times.at(-1) ?? 0)}, 95 of 100 within ${duration(percentile(times, 0.95) ?? 0)}`;
}
