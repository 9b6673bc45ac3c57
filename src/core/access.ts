import { z } from "zod";

// The nouns. Schema and type share a name, since grants and work are kept as JSON and parsed again when read.

/** Someone, by the immutable id of the directory that vouches for them. Names are never a key. */
export const Person = z.object({
  id: z.string().min(1),
  name: z.string(),
  /** Lower case; each belongs to one person. */
  emails: z.array(z.string()).readonly(),
  /** Logins and account ids that a directory vouches for, by system id (`github:acme`) or connector kind (`github`). */
  logins: z.record(z.string(), z.array(z.string()).readonly()),
  managerId: z.string().optional(),
  /** IANA zone, such as `Europe/Berlin`. */
  zone: z.string().optional(),
  active: z.boolean(),
  /**
   * Public keys that systems show on this person's accounts, by fingerprint. A claim and no proof: where people edit their
   * own profile, they can put a colleague's key on it.
   */
  keys: z
    .array(z.object({ fingerprint: z.string(), system: z.string() }))
    .readonly()
    .optional(),
});
export type Person = Readonly<z.infer<typeof Person>>;

/** A person's identity in one system. `id` is what the system never changes nor reuses; `login` is only a field. */
export const Account = z.object({
  system: z.string().min(1),
  id: z.string().min(1),
  login: z.string(),
  name: z.string().optional(),
  kind: z.enum(["human", "guest", "bot", "service"]),
  url: z.string().optional(),
  /** Public keys that the system shows as this account's: `SHA256:…` of each, as ssh-keygen prints it. */
  publicKeys: z.array(z.string()).readonly().optional(),
});
export type Account = Readonly<z.infer<typeof Account>>;

/** Account ↔ person, with the exact identifier that says so. */
export interface Match {
  readonly account: Account;
  readonly rule: "account-id" | "login" | "email";
  /** For people: "GitHub login alice-dev, imported from HR". */
  readonly why: string;
}

/** Whether and until when a revoked grant can be given back. */
export const Reversible = z.union([
  z.literal("always"),
  z.literal("never"),
  z.object({ untilDays: z.number().positive() }),
]);
export type Reversible = z.infer<typeof Reversible>;

/**
 * The order of a plan: sessions end first, the chat account goes last. What is `final` waits until the access is proven
 * gone and every offer of work has ended: it cannot be given back, and until then all the rest can.
 */
export const STAGES = ["sessions", "memberships", "account", "chat", "final"] as const;

/** One entitlement held by one account: membership, token, key, session, invitation. */
export const Grant = z.object({
  system: z.string().min(1),
  /** The account's immutable id. */
  account: z.string().min(1),
  /** Stable within the system, made of immutable ids where there are such: `team:42`. */
  id: z.string().min(1),
  /** The connector's word: `org-membership`, `login`, `session`. */
  kind: z.string().min(1),
  /** What it gives access to, for people: `acme/payments`. */
  resource: z.string(),
  /** The entitlement: `admin`, `maintain`, `SELECT`. */
  role: z.string().optional(),
  stage: z.enum(STAGES),
  /** Inherited: the id of the grant in this system that this one ends with. It is revoked by ending that one. */
  via: z.string().optional(),
  /** Ids of grants of this system that must go before this one. */
  after: z.array(z.string()).readonly().default([]),
  /** Ids of grants of this system that must go after this one. */
  precedes: z.array(z.string()).readonly().optional(),
  /** Systems, by id or kind (`github:acme`, `github`), of which everything in the plan must go before this one. */
  afterSystems: z.array(z.string()).readonly().optional(),
  /**
   * Its place among all systems, with the reason for people. `first`: while it works, what goes is taken anew, such as a
   * session at the identity provider; other systems do not wait for one that cannot be done at once. `last`: without it nothing
   * more can be done, such as the account whose credential we use.
   */
  place: z.object({ at: z.enum(["first", "last"]), why: z.string() }).optional(),
  /** It works without the identity provider: a key, a token, a local password. */
  outlivesSignOn: z.boolean(),
  reversible: Reversible,
  privileged: z.boolean(),
  /** Names of secrets that this grant let the person know, to be rotated. */
  secrets: z.array(z.string()).readonly().default([]),
  /** What stops working when it goes, each one sentence. */
  breaks: z.array(z.string()).readonly().default([]),
  lastUsedAt: z.iso.datetime().optional(),
  /**
   * How long what was issued through it can still work once it is gone, in minutes, and what that is: “an access token”. 0: the
   * system asks at each use. Absent where nobody can say.
   */
  residual: z.object({ minutes: z.number().min(0), what: z.string() }).optional(),
  /** Why it may be somebody else's, each one sentence: a human decides, and it is never revoked by itself. */
  contested: z.array(z.string()).readonly().optional(),
  /** What `restore` needs to give it back. Never a secret. */
  before: z.record(z.string(), z.string()).optional(),
});
export type Grant = Readonly<z.infer<typeof Grant>>;

/** A duty of the leaver: an open pull request, a ticket, owned database objects. */
export const WorkItem = z.object({
  system: z.string().min(1),
  account: z.string().min(1),
  id: z.string().min(1),
  /** `pull-request`, `review-request`, `issue`, `owned-objects`. */
  kind: z.string().min(1),
  title: z.string(),
  /** Where it lives: a repository, a database. */
  container: z.string(),
  url: z.string().optional(),
  createdAt: z.iso.datetime().optional(),
  updatedAt: z.iso.datetime().optional(),
  /** How large it is, for people: "120 lines added, 4 removed". */
  size: z.string().optional(),
  /** What its automatic checks say. */
  checks: z.enum(["passing", "failing", "pending"]).optional(),
  /** What the one who decides should know, each one sentence: "function pay() runs with its owner's rights". */
  facts: z.array(z.string()).readonly().default([]),
  /** Who the system says knows it best, best first, asked while the leaver's memberships were still there. */
  suggested: z
    .array(z.object({ account: Account, why: z.string() }))
    .readonly()
    .optional(),
});
export type WorkItem = Readonly<z.infer<typeof WorkItem>>;

/** What a system can and cannot show with our rights. Absence from a blind part proves nothing. */
export const Sight = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("full") }),
  z.object({
    kind: z.literal("partial"),
    blind: z.array(z.string()).readonly(),
    /** Blind parts that did not answer and may answer another day, such as a host that is down: they are looked at again. */
    unanswered: z.array(z.string()).readonly().optional(),
    /** What a human should look at, though it is nobody's grant: a key that nobody is known to own. */
    findings: z.array(z.string()).readonly().optional(),
  }),
]);
export type Sight = z.infer<typeof Sight>;

/** Says whether a grant may go in a containment, which takes only what can be given back. */
export function isReversible(grant: Grant): boolean {
  return grant.reversible === "always";
}

/** Says whether a human has to decide first whose it is. */
export function isContested({ contested = [] }: Grant): boolean {
  return contested.length > 0;
}

/** Names a grant across systems and rounds of inventory. */
export function grantKey(grant: Pick<Grant, "system" | "account" | "id">): string {
  return JSON.stringify([grant.system, grant.account, grant.id]);
}

/** The grant's or item's own id within such a key; anything else is given back as it is. */
export function idOfKey(key: string): string {
  if (!key.startsWith("[")) return key;
  try {
    const parts: unknown = JSON.parse(key);
    return Array.isArray(parts) ? String(parts.at(-1)) : key;
  } catch {
    return key;
  }
}

/** Names a work item across systems and rounds of inventory. */
export function workKey(item: Pick<WorkItem, "system" | "account" | "id">): string {
  return JSON.stringify([item.system, item.account, item.id]);
}
