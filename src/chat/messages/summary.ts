import { grantKey, idOfKey } from "../../core/access.ts";
import { SECRET } from "../../core/offer.ts";
import type { CaseView, StepView } from "../../store/views.ts";
import type { Message, Part, Rich } from "../message.ts";
import { blindList } from "./blind.ts";
import { brokenParts } from "./breaks.ts";
import { containmentTimes } from "./containment.ts";
import { duration } from "./duration.ts";
import { keptKeys, keptParts } from "./kept.ts";
import { inFull, stepWords } from "./step-words.ts";
import { count, grantName, paragraph, shownAs } from "./words.ts";

/** A signed size of the log, to keep and to verify against. */
export interface CheckpointFacts {
  /** The log's name. */
  readonly origin: string;
  readonly size: number;
  /** Base64. */
  readonly root: string;
  /** Of the log's key. */
  readonly fingerprint: string;
}

/**
 * What is left when a case is closed: counts, times, exceptions, what nobody could see, and how to verify it. `named` are the
 * exceptions of the closing entry, `skipped: <grant's key>`; those that the rest of the view does not show are listed as well.
 */
export function summaryMessage(
  view: CaseView,
  log: CheckpointFacts | undefined,
  named: readonly string[] = [],
): Message {
  const left = view.steps.filter(({ state }) => !["proven", "attested"].includes(state));
  const rejected = view.plans
    .filter(({ scope, state }) => state === "rejected" && scope !== "contain")
    .flatMap(({ plan }) => plan.steps);
  const unread = view.reads.filter(({ state }) => state === "failed" || state === "unmatched" || state === "pending");
  const kept = keptKeys(view.plans.filter(({ state }) => state === "approved"));
  const shown = new Set([
    ...left.map((step) => step.grantKey),
    ...rejected.map(({ key }) => key),
    ...unread.map(({ system }) => system),
    ...kept,
  ]);
  const others = named.filter((what) => !shown.has(what.slice(what.indexOf(": ") + 2)));
  const nothing = left.length + rejected.length + unread.length + others.length + kept.size === 0;
  return {
    summary: `${view.leaver.name}: case closed${nothing ? "" : " with exceptions"}`,
    parts: [
      { kind: "heading", text: `Summary: ${view.leaver.name}` },
      countsPart(view),
      ...timesParts(view),
      ...leftParts(
        view,
        left,
        [
          ...rejected.map(({ grant }) => `${shownAs(grant.resource)} in ${grant.system}: rejected`),
          ...others.map((what) => otherWords(view, what)),
        ],
        unread,
      ),
      ...keptParts(view, kept),
      ...brokenParts(view),
      ...blindParts(view),
      ...handoverParts(view),
      ...secretParts(view),
      ...(log ? verifyParts(log) : []),
    ],
  };
}

/** Time from the due instant to each proof, in milliseconds, shortest first. */
export function proofTimes(view: CaseView): readonly number[] {
  return view.steps
    .flatMap(({ state, provenAt }) =>
      state === "proven" && provenAt ? [Math.max(0, provenAt.getTime() - view.case.dueAt.getTime())] : [],
    )
    .sort((a, b) => a - b);
}

/** The value that `share` of the sorted values do not exceed (nearest rank). */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

function countsPart(view: CaseView): Part {
  const of = (...states: readonly StepView["state"][]) =>
    String(view.steps.filter(({ state }) => states.includes(state)).length);
  return {
    kind: "fields",
    fields: [
      { label: "Proven gone", value: [of("proven")] },
      { label: "Attested by a person", value: [of("attested")] },
      { label: "Skipped", value: [of("skipped")] },
      {
        label: "Without proof",
        value: [of("expired", "held", "attention", "attesting", "by-hand", "waiting", "revoking", "reading")],
      },
    ],
  };
}

function timesParts(view: CaseView): Part[] {
  const contained = containmentTimes(view);
  const times = proofTimes(view);
  const [first] = times;
  const last = times.at(-1);
  const p95 = percentile(times, 0.95);
  if (first === undefined || last === undefined || p95 === undefined) return contained;
  return [
    ...contained,
    paragraph(
      { bold: "Times" },
      " from ",
      { time: view.case.dueAt, zone: view.case.dueZone },
      `: first proof after ${duration(first)}, last after ${duration(last)}, 95 of 100 within ${duration(p95)}.`,
    ),
  ];
}

function leftParts(
  view: CaseView,
  left: readonly StepView[],
  others: readonly string[],
  unread: CaseView["reads"],
): Part[] {
  const items: Rich[] = [
    ...left.map(
      (step): Rich => [{ bold: grantName(step) }, ` in ${step.title}: `, ...stepWords(step, inFull(view.case.dueZone))],
    ),
    ...others.map((what): Rich => [what]),
    ...unread.map(
      (read): Rich => [{ bold: read.title }, `: not read in the end, ${shownAs(read.failure ?? "no answer")}`],
    ),
  ];
  const words = view.steps.filter(({ state }) => state === "attested").length;
  const resting = words > 0 ? ` ${words === 1 ? "One rests" : `${words} rest`} on a person’s word alone.` : "";
  if (items.length === 0) return [paragraph({ bold: "Nothing is left" }, ` of what could be read.${resting}`)];
  return [{ kind: "list", title: [{ bold: "What is left" }], items }];
}

/** An exception that only the closing entry knows: of a grant that nobody decided about, or whose row is gone. */
function otherWords(view: CaseView, what: string): string {
  const [kind = "", key = ""] = [what.slice(0, what.indexOf(": ")), what.slice(what.indexOf(": ") + 2)];
  const grant = view.reads.flatMap(({ grants }) => grants).find((one) => grantKey(one) === key);
  return grant ? `${shownAs(grant.resource)} in ${grant.system}: ${kind}` : `${shownAs(idOfKey(key))}: ${kind}`;
}

function blindParts(view: CaseView): Part[] {
  const parts = view.reads.flatMap(({ title, state, sight }) =>
    sight?.kind === "partial" && state !== "none" ? sight.blind.map((what) => ({ title, what })) : [],
  );
  return blindList("What nobody could see", parts);
}

function handoverParts(view: CaseView): Part[] {
  const live = view.offers.filter(({ item, state }) => state !== "void" && item.kind !== SECRET);
  if (live.length === 0) return [];
  const items = live.map((offer): Rich => {
    const title = shownAs(offer.item.title);
    const item = offer.item.url ? { link: offer.item.url, text: title } : { bold: title };
    const to = offer.to?.name ?? "nobody";
    switch (offer.state) {
      case "moved":
        return [item, ": moved to ", { bold: to }];
      case "accepted":
        return [item, `: accepted by ${to}, not moved yet`];
      case "failed":
        return [item, `: could not be moved to ${to}: ${shownAs(offer.failure ?? "refused")}`];
      case "closed":
        return [item, ": closed, since nobody needs it"];
      case "unclaimed":
        return [item, ": taken by nobody"];
      default:
        return [item, `: open, with ${to}`];
    }
  });
  return [{ kind: "list", title: [{ bold: "Handover" }, `: ${count(live.length, "piece")} of work`], items }];
}

/** Secrets that are not rotated yet, each until somebody attests that it is. */
function secretParts(view: CaseView): Part[] {
  const secrets = view.offers.filter(({ item, state }) => item.kind === SECRET && state !== "void");
  if (secrets.length === 0) return [];
  const open = secrets.filter(({ state }) => state !== "attested");
  const done = secrets.length - open.length;
  if (open.length === 0)
    return [paragraph({ bold: "Secrets" }, `: ${count(done, "secret")} rotated, as attested by their owners.`)];
  return [
    {
      kind: "list",
      title: [
        { bold: "Secrets to rotate" },
        `: ${view.leaver.name} could know them${done > 0 ? `; ${done} more ${done === 1 ? "is" : "are"} rotated, as attested` : ""}`,
      ],
      items: open.map((offer): Rich => {
        const owner = offer.state === "unclaimed" ? "nobody did it in time" : `with ${offer.to?.name ?? "nobody"}`;
        return [{ bold: shownAs(offer.item.title) }, ` (${offer.title}): ${owner}`];
      }),
    },
  ];
}

/** What to keep of the log, and how to verify it later. */
export function verifyParts(log: CheckpointFacts): Part[] {
  return [
    { kind: "divider" },
    {
      kind: "fields",
      fields: [
        { label: "Log", value: [{ code: log.origin }] },
        { label: "Entries", value: [String(log.size)] },
        { label: "Root", value: [{ code: log.root }] },
        { label: "Key", value: [{ code: log.fingerprint }] },
      ],
    },
    {
      kind: "note",
      text: [
        "To verify: ",
        { code: "signoff audit verify" },
        ". It needs the key’s fingerprint, and finds out if an entry up to this one was changed since.",
      ],
    },
  ];
}
