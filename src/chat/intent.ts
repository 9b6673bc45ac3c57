import { z } from "zod";
import { DeclineReason, Snooze } from "../core/offer.ts";

// Everything a person can ask for. Surfaces turn their payloads into one of these; handle.ts turns it into one act.

/** A chat account as its surface vouches for it. Rights are looked up by person in the core, never here. */
export const Member = z.object({
  surface: z.enum(["slack", "teams"]),
  id: z.string().min(1),
  name: z.string(),
  email: z.string().optional(),
  zone: z.string().optional(),
  /** Their status says that they are on leave, where the surface can tell. */
  away: z.boolean().optional(),
  kind: z.enum(["member", "guest", "external", "bot", "deactivated"]),
});
export type Member = Readonly<z.infer<typeof Member>>;

/** Who is meant: what a command's text or a picker says, before it is looked up. */
export const Mention = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("member"), id: z.string() }),
  z.object({ kind: z.literal("email"), email: z.string() }),
  /** Unescaped or unreadable: the person picker is opened. */
  z.object({ kind: z.literal("unclear"), text: z.string() }),
  z.object({ kind: z.literal("several"), ids: z.array(z.string()) }),
  z.object({ kind: z.literal("group"), id: z.string() }),
  z.object({ kind: z.literal("channel"), id: z.string() }),
  z.object({ kind: z.literal("nobody") }),
]);
export type Mention = z.infer<typeof Mention>;

const When = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("now") }),
  /** Calendar date and wall-clock time in `zone`; only scheduling turns them into an instant. */
  z.object({
    kind: z.literal("at"),
    date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
    time: z.string().regex(/^\d{2}:\d{2}$/),
    zone: z.string(),
  }),
]);

export const Leave = z.object({
  when: When,
  kind: z.enum(["voluntary", "involuntary", "contract-end"]),
  mode: z.enum(["orderly", "contain"]),
  announced: z.boolean(),
  /** Kept to the fewer people who decide restricted cases. */
  restricted: z.boolean().optional(),
  /** Chat account of the default heir. */
  heir: z.string().optional(),
  reason: z.string(),
});
export type Leave = Readonly<z.infer<typeof Leave>>;

/** Places of steps in a plan, `3,17`: short enough for what a dialog carries, whatever the grants are called. */
const Picked = z
  .string()
  .max(1000)
  .regex(/^(\d{1,5}(,\d{1,5})*)?$/);

const Wish = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("start-case"),
    who: Mention,
    /** What was said besides whom: when, in words. */
    words: z.string().max(200).optional(),
  }),
  z.object({ kind: z.literal("open-case"), leaver: z.string(), leave: Leave }),
  z.object({ kind: z.literal("approve-plan"), caseId: z.string(), planHash: z.string(), gaps: z.string().optional() }),
  z.object({ kind: z.literal("reject-plan"), caseId: z.string(), planHash: z.string(), note: z.string().optional() }),
  /** Every grant of a plan, page by page, with what was picked on other pages. */
  z.object({
    kind: z.literal("review-plan"),
    caseId: z.string(),
    planHash: z.string(),
    page: z.number().int().min(0).optional(),
    picked: Picked.optional(),
  }),
  /** Opens the dialog for owner, day and reason. */
  z.object({ kind: z.literal("ask-keep"), caseId: z.string(), planHash: z.string(), picked: Picked.min(1) }),
  z.object({
    kind: z.literal("keep-grants"),
    caseId: z.string(),
    planHash: z.string(),
    picked: Picked.min(1),
    owner: z.string(),
    until: z.iso.date(),
    note: z.string(),
  }),
  /** Opens the dialog for the next things that break and are not decided. */
  z.object({ kind: z.literal("ask-breaks"), caseId: z.string() }),
  z.object({
    kind: z.literal("settle-breaks"),
    caseId: z.string(),
    /** `heir`: a chat account, or null: let it break. `at`: its place in the dialog. */
    choices: z
      .array(z.object({ key: z.string(), at: z.number().int(), heir: z.string().nullable() }))
      .min(1)
      .max(20),
  }),
  z.object({
    kind: z.literal("decide-kept"),
    caseId: z.string(),
    /** What was shown is what is decided. */
    asked: z.string(),
    verdict: z.enum(["agreed", "refused"]),
  }),
  z.object({ kind: z.literal("cancel-case"), caseId: z.string() }),
  /** Opens the dialog for the new time; `words` say when, as far as they were said. */
  z.object({ kind: z.literal("ask-reschedule"), caseId: z.string(), words: z.string().max(200).optional() }),
  /** The same, of whom and not of which case: their open one. */
  z.object({ kind: z.literal("reschedule-of"), who: Mention, words: z.string().max(200).optional() }),
  z.object({ kind: z.literal("reschedule-case"), caseId: z.string(), when: When }),
  /** Asked by one person, confirmed by another with the same words. */
  z.object({ kind: z.literal("undo-case"), caseId: z.string() }),
  /** The same, of whom and not of which case: the newest closed one. */
  z.object({ kind: z.literal("undo-of"), who: Mention }),
  z.object({ kind: z.literal("retry-read"), caseId: z.string(), system: z.string() }),
  z.object({ kind: z.literal("ask-account"), caseId: z.string(), system: z.string() }),
  z.object({
    kind: z.literal("name-account"),
    caseId: z.string(),
    system: z.string(),
    account: z.string(),
    confirmed: z.boolean(),
  }),
  z.object({ kind: z.literal("no-account"), caseId: z.string(), system: z.string() }),
  z.object({ kind: z.literal("retry-step"), stepId: z.string() }),
  /** Opens the dialog for the note. */
  z.object({ kind: z.literal("ask-note"), stepId: z.string(), then: z.enum(["done-by-hand", "skip-step"]) }),
  z.object({ kind: z.literal("done-by-hand"), stepId: z.string(), note: z.string() }),
  z.object({ kind: z.literal("skip-step"), stepId: z.string(), note: z.string() }),
  z.object({ kind: z.literal("accept-offer"), offerId: z.string() }),
  /** Everything that is put to somebody of one place. */
  z.object({ kind: z.literal("accept-all"), caseId: z.string(), system: z.string(), container: z.string() }),
  /** Without `why` the dialog is opened that asks for it; so for the others. */
  z.object({
    kind: z.literal("decline-offer"),
    offerId: z.string(),
    why: DeclineReason.optional(),
    note: z.string().optional(),
  }),
  z.object({ kind: z.literal("ask-pass"), offerId: z.string() }),
  z.object({ kind: z.literal("pass-offer"), offerId: z.string(), to: z.string() }),
  z.object({ kind: z.literal("snooze-offer"), offerId: z.string(), how: Snooze.optional() }),
  z.object({
    kind: z.literal("return-offer"),
    offerId: z.string(),
    why: DeclineReason.optional(),
    note: z.string().optional(),
  }),
  /** Nobody needs it. */
  z.object({ kind: z.literal("close-work"), offerId: z.string() }),
  z.object({ kind: z.literal("attest-secret"), offerId: z.string(), note: z.string().optional() }),
  /** The leaver's own word for whoever takes it. */
  z.object({ kind: z.literal("note-work"), offerId: z.string(), note: z.string().optional() }),
  /** A later page of what is put to somebody, answered privately. */
  z.object({ kind: z.literal("show-work"), caseId: z.string(), page: z.int().min(0) }),
  z.object({
    kind: z.literal("history"),
    who: Mention,
    filter: z.string().optional(),
    before: z.number().int().optional(),
  }),
  z.object({ kind: z.literal("verify-log") }),
  /** Every open case that the person may see. */
  z.object({ kind: z.literal("list-cases") }),
  /** One person's open case, with the buttons that whoever asks may press. */
  z.object({ kind: z.literal("case-status"), who: Mention }),
  /** An approver steps out of a case. */
  z.object({ kind: z.literal("recuse"), caseId: z.string() }),
  z.object({ kind: z.literal("pause"), note: z.string().max(200).optional() }),
  z.object({ kind: z.literal("resume") }),
  /** Their own page was opened: it is brought up to date. */
  z.object({ kind: z.literal("open-home") }),
  z.object({ kind: z.literal("help"), command: z.string() }),
]);

export const Intent = z.object({ by: Member, requestId: z.string().min(1) }).and(Wish);
export type Intent = Readonly<z.infer<typeof Intent>>;

/** What a button carries: an intent without who and when. */
export const Asked = Wish;
