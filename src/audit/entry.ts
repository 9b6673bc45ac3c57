import { z } from "zod";

// One line of the log. Entries cannot get fields later, so what an auditor asks for is here from the first one: the
// fields follow what a SOC 2, PCI DSS or ISO 27001 auditor samples for a leaver (population, event, scope, action,
// verification, transfer, closure).

/** Who did it: a person, or Signoff itself with its version and the hash of its configuration. */
export const Actor = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("person"), id: z.string(), via: z.string().optional() }),
  z.strictObject({ kind: z.literal("signoff"), version: z.string(), config: z.string() }),
  z.strictObject({ kind: z.literal("operator"), user: z.string() }),
  /** An account no person is known for. */
  z.strictObject({ kind: z.literal("account"), system: z.string(), id: z.string() }),
]);
export type Actor = z.infer<typeof Actor>;

export const Target = z.strictObject({
  kind: z.string(),
  id: z.string(),
  system: z.string().optional(),
  account: z.string().optional(),
});

/** The departure: set on `case.opened` and on what changes it. */
const Departure = z.strictObject({
  hrId: z.string(),
  relation: z.enum(["employee", "contractor", "unknown"]),
  kind: z.enum(["voluntary", "involuntary", "contract-end"]),
  mode: z.enum(["orderly", "contain"]),
  /** Calendar time as said, with its IANA zone, and the instant it was read as. */
  effective: z.strictObject({ local: z.string(), zone: z.string(), instant: z.iso.datetime() }),
  noticeAt: z.iso.datetime().optional(),
  hrEnteredAt: z.iso.datetime().optional(),
  announced: z.boolean(),
  trigger: z.enum(["command", "hr-event", "schedule", "cli"]),
  reason: z.string(),
  ticket: z.string().optional(),
  entity: z.string().optional(),
  location: z.string().optional(),
  manager: z.string().optional(),
});

/** What a read of a system saw. */
const Scope = z.strictObject({
  round: z.enum(["first", "before-cut", "closing", "watch"]),
  inScope: z.boolean(),
  why: z.string(),
  accounts: z.array(z.string()),
  discovered: z.string(),
  discoveredAt: z.iso.datetime().optional(),
  blind: z.array(z.string()),
  /** For a human to look at: accounts that nobody is known to own. */
  findings: z.array(z.string()).optional(),
  grants: z.array(
    z.strictObject({
      id: z.string(),
      account: z.string(),
      kind: z.string(),
      resource: z.string(),
      role: z.string().optional(),
      /** Why it may be somebody else's. */
      contested: z.array(z.string()).optional(),
      privileged: z.boolean(),
      outlivesSignOn: z.boolean(),
      lastUsedAt: z.string().optional(),
    }),
  ),
  work: z.number().int(),
  secrets: z.array(z.string()),
});

/** One act on one system. */
const Act = z.strictObject({
  connector: z.string(),
  /** Id of the credential used, never the credential. */
  credential: z.string().optional(),
  attempt: z.number().int(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  requestId: z.string().optional(),
  result: z.string(),
  /** The sequence number of the approval this act rests on. */
  approval: z.number().int().optional(),
});

/** A proof: what a fresh read said, or what a human attests because no connector can read it. */
const Verification = z.strictObject({
  method: z.enum(["read-back", "closing-inventory", "attested"]),
  rung: z.enum(["requested", "accepted", "gone", "quiet", "refused", "attested"]),
  readAt: z.iso.datetime(),
  state: z.enum(["present", "absent", "unreadable"]),
  request: z.string().optional(),
  /** SHA-256 of the redacted answer, which stands beside it. */
  evidenceHash: z.string().optional(),
  evidence: z.string().optional(),
  verifier: z.string().optional(),
  /** Milliseconds from the effective instant. */
  elapsed: z.number().optional(),
  slaMet: z.boolean().optional(),
  /** The latest moment at which a credential issued before could still work. */
  residualUntil: z.iso.datetime().optional(),
});

/** A duty moving to its heir. */
const Transfer = z.strictObject({
  item: z.string(),
  kind: z.string(),
  from: z.string(),
  to: z.string().optional(),
  acceptedBy: z.string().optional(),
  acceptedAt: z.iso.datetime().optional(),
});

const Closure = z.strictObject({
  exceptions: z.array(
    z.strictObject({
      what: z.string(),
      owner: z.string(),
      expires: z.iso.datetime().optional(),
      control: z.string().optional(),
    }),
  ),
  unaccepted: z.array(z.string()),
  blind: z.array(z.string()),
  firstSeq: z.number().int(),
  lastSeq: z.number().int(),
  retention: z.string(),
  dutiesAcknowledged: z.boolean().optional(),
});

/** What is hashed: canonical JSON of this. Personal data is not in it, only a salted commitment to it. */
export const Entry = z.strictObject({
  v: z.literal(1),
  /** 0-based index of the leaf. */
  seq: z.number().int().nonnegative(),
  at: z.iso.datetime(),
  actor: Actor,
  /** `noun.pastVerb`: `grant.revoked`. An act has one entry before (`grant.revokeStarted`) and one after. */
  action: z.string().regex(/^[a-z][a-zA-Z]*\.[a-z][a-zA-Z]*$/),
  outcome: z.enum(["success", "failure", "unknown"]),
  target: Target,
  case: z.string().nullable(),
  theirTime: z.iso.datetime().optional(),
  departure: Departure.optional(),
  scope: Scope.optional(),
  act: Act.optional(),
  verification: Verification.optional(),
  transfer: Transfer.optional(),
  closure: Closure.optional(),
  /** What is particular to the action: hashes, revisions, reasons from a list. */
  detail: z.record(z.string(), z.json()).optional(),
  /** SHA-256 over salt and canonical JSON of the personal data kept beside, if there is any. */
  personal: z.string().nullable(),
});
export type Entry = z.infer<typeof Entry>;

/** Names, e-mails, titles, free-text notes: kept beside the entry so that they can be erased without breaking it. */
export const Personal = z.record(z.string(), z.json());
export type Personal = z.infer<typeof Personal>;

/** What a caller gives; number, commitment and version are the log's own. */
export const NewEntry = Entry.omit({ v: true, seq: true, personal: true }).extend({
  personal: Personal.exactOptional(),
});
export type NewEntry = Omit<Entry, "v" | "seq" | "personal"> & { readonly personal?: Personal };
