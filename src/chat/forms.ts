import { Asked } from "./intent.ts";
import type { Answers, Ask, FormKind } from "./message.ts";

// What the dialogs are made of, and what their answers mean. Surfaces carry answers; their meaning is decided here once.

/** Ids of the fields of each dialog: the keys of its answers. */
export const FIELDS = {
  "pick-leaver": { leaver: "leaver" },
  "open-case": {
    when: "when",
    date: "date",
    time: "time",
    kind: "kind",
    mode: "mode",
    announced: "announced",
    restricted: "restricted",
    heir: "heir",
    reason: "reason",
  },
  reschedule: { when: "when", date: "date", time: "time" },
  "approve-gaps": { reason: "reason" },
  note: { note: "note" },
  "name-account": { account: "account" },
  "pass-offer": { to: "to" },
  "decline-offer": { why: "why", note: "note" },
  "snooze-offer": { how: "how" },
  "return-offer": { why: "why", note: "note" },
  "attest-secret": { note: "note" },
  "note-work": { note: "note" },
  review: { keep: "keep" },
  "keep-grants": { owner: "owner", until: "until", note: "note" },
  "settle-breaks": { heir: "heir", let: "let" },
} as const satisfies Record<FormKind, Record<string, string>>;

/** Value of the choices `when` and `announced`. */
export const NOW = "now";
export const AT = "at";
export const ANNOUNCED = "yes";
export const RESTRICTED = "yes";

/** What answers mean, or what is wrong with them by field id. */
export type ReadAnswers =
  | { readonly kind: "ask"; readonly ask: Ask }
  | { readonly kind: "faults"; readonly faults: Readonly<Record<string, string>> };

/**
 * Turns the answers of a dialog into what was asked for. Never throws on what a person typed. What a dialog carries are
 * ids, and the zone in which date and time are meant: `leaver` and `zone` for open-case, `caseId` and `zone` for reschedule,
 * `caseId` and `planHash` for approve-gaps, `stepId` and `then` for note, `caseId` and `system` for name-account, `offerId` for
 * those of an offer.
 */
export function readAnswers(kind: FormKind, carried: Readonly<Record<string, string>>, answers: Answers): ReadAnswers {
  const faults = missing(kind, answers);
  if (Object.keys(faults).length > 0) return { kind: "faults", faults };
  if (kind === "settle-breaks" && choicesIn(carried, answers)?.length === 0)
    return { kind: "faults", faults: { [FIELDS[kind].heir]: "Choose at least one heir, or what may break." } };
  if (kind === "review" && pickedIn(carried, answers) === "")
    return { kind: "faults", faults: { [FIELDS.review.keep]: "Choose what is to be kept, or close this." } };
  const parsed = Asked.safeParse(meaning(kind, carried, answers));
  if (parsed.success) return { kind: "ask", ask: parsed.data };
  const known: readonly string[] = Object.values(FIELDS[kind]);
  const field = parsed.error.issues[0]?.path.findLast((step) => known.includes(String(step)));
  return {
    kind: "faults",
    faults: { [String(field ?? known[0])]: "This could not be read. Please choose it again." },
  };
}

/**
 * What a button within a dialog asks for, with what was picked so far: the next page knows what the ones before it were told.
 * Anything else is asked for as it is.
 */
export function askWithin(kind: FormKind, carried: Readonly<Record<string, string>>, answers: Answers, ask: Ask): Ask {
  if (kind !== "review" || ask.kind !== "review-plan") return ask;
  const parsed = Asked.safeParse({ ...ask, picked: pickedIn(carried, answers) });
  return parsed.success ? parsed.data : ask;
}

/** The id of a page's field: of another page another one, since a chat keeps what stands at an id that stays. */
export function keepFieldOf(page: number): string {
  return page === 0 ? FIELDS.review.keep : `${FIELDS.review.keep}-${page}`;
}

/** The id of the person field of the break at this place of its dialog. */
export function heirFieldOf(at: number): string {
  return at === 0 ? FIELDS["settle-breaks"].heir : `${FIELDS["settle-breaks"].heir}-${at}`;
}

/** An heir wins over “let it break”; what has neither stays open. `undefined` if the dialog is not whole. */
function choicesIn(
  { keys }: Readonly<Record<string, string>>,
  answers: Answers,
): readonly { readonly key: string; readonly at: number; readonly heir: string | null }[] | undefined {
  const left = new Set(all(answers[FIELDS["settle-breaks"].let]));
  return keys?.split(",").flatMap((key, at) => {
    const heir = one(answers[heirFieldOf(at)]) ?? null;
    return heir !== null || left.has(String(at)) ? [{ key, at, heir }] : [];
  });
}

/** Picked on other pages, and on this one: `here` names what it shows. `undefined` if the dialog is not whole. */
function pickedIn({ picked, here, page }: Readonly<Record<string, string>>, answers: Answers): string | undefined {
  if (picked === undefined || here === undefined || page === undefined) return undefined;
  const shown = new Set(placesOf(here));
  const checked = Object.entries(answers)
    .filter(([id]) => id === FIELDS.review.keep || id.startsWith(`${FIELDS.review.keep}-`))
    .flatMap(([, answer]) => all(answer).map(Number));
  const places = [...placesOf(picked).filter((place) => !shown.has(place)), ...checked];
  return [...new Set(places)].sort((a, b) => a - b).join(",");
}

/** `3,17` as numbers. */
export function placesOf(picked: string): readonly number[] {
  return picked === "" ? [] : picked.split(",").map(Number);
}

/** What opens a dialog again, for when it could not be shown or had to close. Takes what the dialog carries. */
export function reopening(kind: FormKind, carried: Readonly<Record<string, string>>): Ask | undefined {
  const { caseId = "", planHash = "", stepId = "", system = "", offerId = "", leaver } = carried;
  const ask = (() => {
    switch (kind) {
      case "pick-leaver":
        return { kind: "start-case", who: { kind: "nobody" } };
      case "open-case":
        return { kind: "start-case", who: leaver ? { kind: "member", id: leaver } : { kind: "nobody" } };
      case "reschedule":
        return { kind: "ask-reschedule", caseId };
      case "approve-gaps":
        return { kind: "approve-plan", caseId, planHash };
      case "note":
        return { kind: "ask-note", stepId, then: carried["then"] };
      case "name-account":
        return { kind: "ask-account", caseId, system };
      case "pass-offer":
        return { kind: "ask-pass", offerId };
      case "decline-offer":
      case "snooze-offer":
      case "return-offer":
      case "attest-secret":
      case "note-work":
        return { kind, offerId };
      case "review":
        return { kind: "review-plan", caseId, planHash, page: Number(carried["page"] ?? 0), picked: carried["picked"] };
      case "settle-breaks":
        return { kind: "ask-breaks", caseId };
      case "keep-grants":
        return { kind: "ask-keep", caseId, planHash, picked: carried["picked"] };
      default:
        return kind satisfies never;
    }
  })();
  const parsed = Asked.safeParse(ask);
  return parsed.success ? parsed.data : undefined;
}

/** Whether this opens a dialog whoever asks, so that a surface may prepare for one. */
export function opensDialog(ask: Ask): boolean {
  switch (ask.kind) {
    case "start-case":
    case "ask-account":
    case "ask-note":
    case "ask-pass":
    case "review-plan":
    case "ask-keep":
    case "ask-breaks":
    case "ask-reschedule":
      return true;
    case "decline-offer":
    case "attest-secret":
    case "note-work":
      return ask.note === undefined;
    case "snooze-offer":
      return ask.how === undefined;
    default:
      return false;
  }
}

function meaning(kind: FormKind, carried: Readonly<Record<string, string>>, answers: Answers): unknown {
  const { caseId, planHash, stepId, system, offerId } = carried;
  const said = (id: string) => one(answers[id]);
  switch (kind) {
    case "pick-leaver":
      return { kind: "start-case", who: { kind: "member", id: said("leaver") } };
    case "open-case":
      return {
        kind: "open-case",
        leaver: carried["leaver"],
        leave: {
          when: whenOf(said, carried),
          kind: said("kind"),
          mode: said("mode"),
          announced: all(answers["announced"]).includes(ANNOUNCED),
          restricted: all(answers["restricted"]).includes(RESTRICTED),
          heir: said("heir"),
          reason: said("reason"),
        },
      };
    case "reschedule":
      return { kind: "reschedule-case", caseId, when: whenOf(said, carried) };
    case "approve-gaps":
      return { kind: "approve-plan", caseId, planHash, gaps: said("reason") };
    case "note":
      return { kind: carried["then"], stepId, note: said("note") };
    case "name-account":
      return { kind: "name-account", caseId, system, account: said("account"), confirmed: false };
    case "pass-offer":
      return { kind: "pass-offer", offerId, to: said("to") };
    case "decline-offer":
    case "return-offer":
      return { kind, offerId, why: said("why"), note: said("note") };
    case "snooze-offer":
      return { kind, offerId, how: said("how") };
    case "attest-secret":
    case "note-work":
      return { kind, offerId, note: said("note") };
    case "review":
      return { kind: "ask-keep", caseId, planHash, picked: pickedIn(carried, answers) };
    case "settle-breaks":
      return { kind: "settle-breaks", caseId, choices: choicesIn(carried, answers) };
    case "keep-grants":
      return {
        kind: "keep-grants",
        caseId,
        planHash,
        picked: carried["picked"],
        owner: said("owner"),
        until: said("until"),
        note: said("note"),
      };
    default:
      return kind satisfies never;
  }
}

function whenOf(said: (id: string) => string | undefined, { zone }: Readonly<Record<string, string>>): unknown {
  return said("when") === NOW ? { kind: "now" } : { kind: "at", date: said("date"), time: said("time"), zone };
}

/** What must be answered and is not. */
function missing(kind: FormKind, answers: Answers): Record<string, string> {
  const faults: Record<string, string> = {};
  const need = (id: string, words: string) => {
    if (one(answers[id]) === undefined) faults[id] = words;
  };
  const needTime = () => {
    if (one(answers["when"]) !== AT) return;
    need("date", "Choose the date.");
    need("time", "Choose the time.");
  };
  switch (kind) {
    case "pick-leaver":
      need("leaver", "Choose who leaves.");
      break;
    case "open-case":
      need("when", "Choose when access ends.");
      need("kind", "Choose what kind of departure this is.");
      need("mode", "Choose how access is taken away.");
      need("reason", "Choose a reason.");
      needTime();
      break;
    case "reschedule":
      need("when", "Choose when access ends.");
      needTime();
      break;
    case "approve-gaps":
      need("reason", "Say why the plan may go on although this could not be seen.");
      break;
    case "note":
      need("note", "Say what was done, or why it is skipped.");
      break;
    case "name-account":
      need("account", "Type the account's name in that system.");
      break;
    case "pass-offer":
      need("to", "Choose who you suggest.");
      break;
    case "keep-grants":
      need("owner", "Choose who owns the risk.");
      need("until", "Choose a day.");
      need("note", "Say why it stays.");
      break;
    case "decline-offer":
    case "return-offer":
      need("why", "Choose why.");
      break;
    case "snooze-offer":
      need("how", "Choose until when.");
      break;
    case "attest-secret":
      need("note", "Say what was done.");
      break;
    case "note-work":
      need("note", "Write a word.");
      break;
    case "review":
    case "settle-breaks":
      break;
    default:
      kind satisfies never;
  }
  return faults;
}

function all(answer: Answers[string]): readonly string[] {
  if (answer === undefined) return [];
  return typeof answer === "string" ? [answer] : answer;
}

/** Blank counts as not answered. */
function one(answer: Answers[string]): string | undefined {
  const first = all(answer)[0]?.trim();
  return first === "" ? undefined : first;
}
