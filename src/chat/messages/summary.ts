import { grantKey, idOfKey } from "../../core/access.ts";
import { SECRET } from "../../core/offer.ts";
import type { CaseView, StepView } from "../../store/views.ts";
import type { Message, Part, Rich } from "../message.ts";
import { blindList } from "./blind.ts";
import { brokenParts } from "./breaks.ts";
import { exposureParts } from "./exposure.ts";
import { keptKeys, keptParts } from "./kept.ts";
import { findingsPart } from "./plan-parts.ts";
import { inFull, stepWords } from "./step-words.ts";
import { count, grantName, paragraph, shownAs } from "./words.ts";

/** So many pieces of moved work keep a line each; of more, each person's are counted. */
const MOVED = 15;

/** A signed size of the log, to keep and to verify against. */
export interface CheckpointFacts {
  /** The log's name. */
  readonly origin: string;
  readonly size: number;
  /** Base64. */
  readonly root: string;
  /** Of the log's key. */
  readonly fingerprint: string;
  /** The signed note itself, which `audit verify --checkpoint` takes from whoever copied this message. */
  readonly note: string;
}

/**
 * What is left when a case is closed: counts, times, exceptions, what nobody could see, and how to verify it. `named` are the
 * exceptions of the closing entry, `skipped: <grant's key>`; those that the rest of the view does not show are listed as well.
 * `theirs`: when each grant was gone by its system's own clock, by grant key.
 */
export function summaryMessage(
  view: CaseView,
  log: CheckpointFacts | undefined,
  named: readonly string[] = [],
  theirs: ReadonlyMap<string, Date> = new Map(),
): Message {
  const left = view.steps.filter(({ state }) => !["proven", "attested"].includes(state));
  const rejected = view.plans
    .filter(({ scope, state }) => state === "rejected" && scope !== "contain")
    .flatMap(({ plan, decisions }) => {
      const by = decisions.find(({ verdict }) => verdict === "rejected")?.by.name;
      return plan.steps.map(({ grant, key }) => ({ grant, key, by }));
    });
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
      ...exposureParts(view, theirs),
      ...leftParts(
        view,
        left,
        [
          ...rejected.map(
            ({ grant, by }) =>
              `${shownAs(grant.resource)} in ${grant.system}: rejected${by === undefined ? "" : ` by ${by}`}`,
          ),
          ...others.map((what) => otherWords(view, what)),
        ],
        unread,
      ),
      ...keptParts(view, kept),
      ...gapParts(view),
      ...brokenParts(view),
      ...blindParts(view),
      ...findingsIn(view),
      ...handoverParts(view),
      ...secretParts(view),
      ...(log ? verifyParts(log) : []),
    ],
  };
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

/** What was approved although it could not be seen: each gap with who said so and why. */
function gapParts(view: CaseView): Part[] {
  const items = view.plans
    .filter(({ state }) => state === "approved")
    .flatMap(({ plan, decisions }) => {
      const said = decisions
        .filter(({ verdict }) => verdict === "approved")
        .map(({ by, note }) => (note === null ? by.name : `${by.name}: ${shownAs(note)}`));
      return plan.gaps.map((gap): Rich => [{ bold: gap.title }, `, ${shownAs(gap.why)} — ${said.join("; ")}`]);
    });
  return items.length === 0 ? [] : [{ kind: "list", title: [{ bold: "Approved without seeing it" }], items }];
}

function findingsIn(view: CaseView): Part[] {
  const plan = view.plans.find(({ scope, state }) => scope === "full" && state === "approved");
  return plan ? findingsPart(plan.plan) : [];
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
  const moved = live.filter(({ state }) => state === "moved");
  const grouped = moved.length > MOVED ? moved : [];
  const people = Map.groupBy(grouped, ({ to }) => to?.name ?? "nobody");
  const items: Rich[] = [
    ...live.filter((offer) => !grouped.includes(offer)).map(offerLine),
    ...[...people].map(([name, own]): Rich => [`${count(own.length, "piece")} moved to `, { bold: name }]),
  ];
  const open = live.filter(({ state }) => !["moved", "closed"].includes(state)).length;
  const title = `: ${count(live.length, "piece")} of work${open > 0 ? `, ${open} not handed over` : ""}`;
  return [{ kind: "list", title: [{ bold: "Handover" }, title], items }];
}

function offerLine(offer: CaseView["offers"][number]): Rich {
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
      kind: "list",
      title: [
        { bold: "Signed checkpoint" },
        ", to keep: a copy of these lines shows later what was changed or cut off",
      ],
      items: log.note
        .split("\n")
        .filter((line) => line !== "")
        .map((line): Rich => [{ code: line }]),
    },
    {
      kind: "note",
      text: [
        "To verify: ",
        { code: "signoff audit verify --key … --checkpoint copy.txt" },
        ", with the key’s fingerprint and a file with the copy.",
      ],
    },
  ];
}
