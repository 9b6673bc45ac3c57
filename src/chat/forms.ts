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
    heir: "heir",
    reason: "reason",
  },
  "approve-gaps": { reason: "reason" },
  note: { note: "note" },
  "name-account": { account: "account" },
  "pass-offer": { to: "to" },
  "decline-offer": { note: "note" },
  review: {},
} as const satisfies Record<FormKind, Record<string, string>>;

/** Value of the choices `when` and `announced`. */
export const NOW = "now";
export const AT = "at";
export const ANNOUNCED = "yes";

/** What answers mean, or what is wrong with them by field id. */
export type ReadAnswers =
  | { readonly kind: "ask"; readonly ask: Ask }
  | { readonly kind: "faults"; readonly faults: Readonly<Record<string, string>> };

/**
 * Turns the answers of a dialog into what was asked for. Never throws on what a person typed. What a dialog carries are
 * ids, and the zone in which date and time are meant: `leaver` and `zone` for open-case, `caseId` and `planHash` for
 * approve-gaps, `stepId` and `then` for note, `caseId` and `system` for name-account, `offerId` for both of an offer.
 */
export function readAnswers(kind: FormKind, carried: Readonly<Record<string, string>>, answers: Answers): ReadAnswers {
  const faults = missing(kind, answers);
  if (Object.keys(faults).length > 0) return { kind: "faults", faults };
  const parsed = Asked.safeParse(meaning(kind, carried, answers));
  if (parsed.success) return { kind: "ask", ask: parsed.data };
  const known: readonly string[] = Object.values(FIELDS[kind]);
  const field = parsed.error.issues[0]?.path.findLast((step) => known.includes(String(step)));
  return {
    kind: "faults",
    faults: { [String(field ?? known[0])]: "This could not be read. Please choose it again." },
  };
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
      case "approve-gaps":
        return { kind: "approve-plan", caseId, planHash };
      case "note":
        return { kind: "ask-note", stepId, then: carried["then"] };
      case "name-account":
        return { kind: "ask-account", caseId, system };
      case "pass-offer":
        return { kind: "ask-pass", offerId };
      case "decline-offer":
        return { kind: "decline-offer", offerId };
      case "review":
        return { kind: "review-plan", caseId, planHash, page: Number(carried["page"] ?? 0) };
      default:
        return kind satisfies never;
    }
  })();
  const parsed = Asked.safeParse(ask);
  return parsed.success ? parsed.data : undefined;
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
          when:
            said("when") === NOW
              ? { kind: "now" }
              : { kind: "at", date: said("date"), time: said("time"), zone: carried["zone"] },
          kind: said("kind"),
          mode: said("mode"),
          announced: all(answers["announced"]).includes(ANNOUNCED),
          heir: said("heir"),
          reason: said("reason"),
        },
      };
    case "approve-gaps":
      return { kind: "approve-plan", caseId, planHash, gaps: said("reason") };
    case "note":
      return { kind: carried["then"], stepId, note: said("note") };
    case "name-account":
      return { kind: "name-account", caseId, system, account: said("account"), confirmed: false };
    case "pass-offer":
      return { kind: "pass-offer", offerId, to: said("to") };
    case "decline-offer":
      return { kind: "decline-offer", offerId, note: said("note") ?? "" };
    case "review":
      return { kind: "review-plan", caseId, planHash, page: Number(carried["page"]) };
    default:
      return kind satisfies never;
  }
}

/** What must be answered and is not. */
function missing(kind: FormKind, answers: Answers): Record<string, string> {
  const faults: Record<string, string> = {};
  const need = (id: string, words: string) => {
    if (one(answers[id]) === undefined) faults[id] = words;
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
      if (one(answers["when"]) === AT) {
        need("date", "Choose the date.");
        need("time", "Choose the time.");
      }
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
    case "decline-offer":
    case "review":
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
