import { z } from "zod";
import type { Account, Grant, Match, Person, Sight, WorkItem } from "../src/core/access.ts";
import { Secret } from "../src/core/secret.ts";
import type { Check } from "./checks.ts";

export type { Account, Grant, Match, Person, Reversible, Sight, WorkItem } from "../src/core/access.ts";
export { type Failure, SystemError } from "../src/core/failure.ts";
export { Secret } from "../src/core/secret.ts";
export { textOfBytes } from "../src/core/text.ts";
export { type Check, type Checks, startChecks } from "./checks.ts";

/** What each call is lent: when to stop, where to log, what time it is. */
export interface Call {
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly now: () => Date;
}

/** A structured log without secrets or names. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** One configured place with access to lose, such as the GitHub org `acme`. */
export interface System {
  /** Stable for ever, since audit entries name it: `github:acme`. */
  readonly id: string;
  readonly title: string;
  /** Version of the connector's code, named in entries: `github/1`. */
  readonly connector: string;
  /** What this system can and cannot show with these rights: `full`, or `partial` with each blind part named. */
  readonly sight: Sight;
  /** What the reads under this call could not see, where that differs from one time to the next. */
  readonly sightOf?: (call: Call) => Sight;
  /** Its accounts are public keys: `person.keys` has those that the other systems of the case show. */
  readonly keyed?: true;
  /** Every account that the reads under this call came across, whosever it is: what nobody owns is a finding. */
  readonly seenAccounts?: (call: Call) => readonly SeenAccount[];
  /** Asks with the real credentials what works, before a case needs it. */
  check(call: Call): Promise<Check[]>;
  /**
   * Accounts of this person by exact identifiers only: ids and logins that a directory vouches for, or a verified e-mail.
   * Several is a normal answer. A login typed in chat comes as `person.logins[system.id]`.
   */
  findAccounts(person: Person, call: Call): Promise<Match[]>;
  /** Complete or an error: throws rather than leave a page out. Invitations count. */
  listGrants(account: Account, call: Call): AsyncIterable<Grant>;
  /** Idempotent: a grant that is already gone is a success. Resolves logins from immutable ids before it acts. */
  revoke(grant: Grant, call: Call): Promise<Revoked>;
  /** Reads the system afresh; never answers from what `revoke` returned. */
  readBack(grant: Grant, call: Call): Promise<Reading>;
  /** Gives back what `revoke` took, from `grant.before`. */
  readonly restore?: (grant: Grant, call: Call) => Promise<void>;
  readonly work?: Work;
  readonly events?: Events;
  readonly limit?: Limit;
  /** It knows who works here, and vouches for their logins and addresses. */
  readonly directory?: PeopleDirectory;
  /** No connector can reach it: a human does it, and attests with a note. */
  readonly manual?: { readonly owner: string; readonly dueHours: number };
}

/**
 * How many calls of ours a system takes, shared by all cases and replicas: `concurrent` at once, `perMinute` started. One call is
 * one reading, revoke or reading back, whatever requests it is made of. A rate-limited answer holds everybody without this.
 */
export interface Limit {
  readonly concurrent?: number;
  readonly perMinute?: number;
  /** Whose limit it is, where the vendor counts by the credential's account and several systems share that. Never a secret. */
  readonly of?: string;
}

/** An account as a read came across it. */
export interface SeenAccount {
  readonly id: string;
  /** Where it stands, for people: `deploy on web1: /home/deploy/.ssh/authorized_keys`. */
  readonly where: string;
  /** Accounts of this system, by id, as whom it was used. That these are another person's speaks against its owner. */
  readonly usedAs: readonly string[];
}

/** Who is who, as one system knows it. */
export interface PeopleDirectory {
  /** Complete or an error: a half list would look like people who left. */
  listPeople(call: Call): AsyncIterable<Person>;
  /**
   * Active members of a group by its immutable id, those of groups within it among them. Complete or an error; a group that is
   * not there is an error too, since nobody would then have the role that it gives.
   */
  readonly listMembers?: (group: string, call: Call) => Promise<readonly Member[]>;
}

/** An account in a group: its immutable id, and the login that only the directory's administrators set. */
export interface Member {
  readonly id: string;
  readonly login?: string;
}

/** Duties that can be handed over. */
export interface Work {
  /** Complete or an error. */
  list(account: Account, call: Call): AsyncIterable<WorkItem>;
  /** Who knows this item best; may be empty. */
  suggestOwners(item: WorkItem, call: Call): Promise<Suggestion[]>;
  /**
   * Moves the item and reads it back. `present` means: a fresh read shows it with the new owner.
   * `absent` means that it no longer needs an owner (closed meanwhile). A silent refusal is an error.
   */
  reassign(item: WorkItem, to: Account, call: Call): Promise<Reading>;
  /** Whether somebody can receive the item now. Asked right before they are asked, and right before the move. */
  mayTake?(item: WorkItem, to: Account, call: Call): Promise<Taking>;
  /** Moves on what was handed over before, from its holder: only where that cannot take along what the holder had already. */
  moveOn?(item: WorkItem, from: Account, to: Account, call: Call): Promise<Reading>;
  /** Ends items that nobody needs, of the kinds named, and reads them back: `absent` means that it is closed. */
  readonly close?: { readonly kinds: readonly string[]; end(item: WorkItem, call: Call): Promise<Reading> };
}

/**
 * What the system's own log tells of an account, by its immutable id, from `since` (their time) to now, oldest first. Complete
 * or an error: what came before the error is no answer. A log may show an event late, so ask again from some time before the
 * last one, and tell by its id an event that comes twice.
 */
export interface Events {
  /** What this account did. */
  by(account: Account, since: Date, call: Call): AsyncIterable<ObservedEvent>;
  /** What was done to this account, by whomever. */
  about(account: Account, since: Date, call: Call): AsyncIterable<ObservedEvent>;
}

/** One event of a system's log. No names, free text or secrets: those of others stand in such a log too. */
export interface ObservedEvent {
  /** The system's own, the same at each reading. */
  readonly id: string;
  /** When it happened, by the system's clock. */
  readonly at: Date;
  /** The system's word: `user.session.start`. */
  readonly kind: string;
  /** The immutable id of who did it, mostly an account of this system; absent where the log names nobody. */
  readonly actor?: string;
  /** Immutable ids of what it was done to: accounts, groups, apps. May be empty. */
  readonly targets: readonly string[];
  /** The system's word: `SUCCESS`. Absent where it has none. */
  readonly outcome?: string;
  /** The address that it came from, where the log has one. */
  readonly ip?: string;
  /** The fields above as the log has them, and the request that showed them. */
  readonly evidence: Evidence;
}

/** Whether an account can receive a work item. */
export type Taking =
  | { readonly may: true }
  /** Never: nobody reviews a pull request of their own. `why` for people, about the one who was to take it. */
  | { readonly may: false; readonly why: string; readonly access?: undefined }
  /** Not yet. `access` says what they lack and who can give it; we never give access ourselves. */
  | { readonly may: false; readonly why: string; readonly access: string };

/** An account that could take over, and why. */
export interface Suggestion {
  readonly account: Account;
  readonly why: string;
}

/** What stands in the way of a revoke, with a link where it can be removed. */
export interface Blocker {
  readonly what: string;
  readonly url?: string;
}

/** What a system said to a revoke. None of these is proof: only `readBack` is. */
export type Revoked =
  | { readonly status: "revoked" | "already-gone"; readonly receipt?: string }
  | { readonly status: "accepted"; readonly readBackAfter: Date }
  | { readonly status: "blocked"; readonly by: readonly Blocker[] }
  | { readonly status: "elsewhere"; readonly where: string };

/** The vendor's answer without secrets, so that its hash can be checked, and its request id where it gives one. */
export interface Evidence {
  readonly request: string;
  readonly requestId?: string;
  readonly answer: string;
}

/** What a fresh read of the system says. */
export type Reading =
  | {
      readonly state: "present" | "absent";
      readonly readAt: Date;
      readonly theirTime?: Date;
      readonly evidence: Evidence;
    }
  | { readonly state: "not-yet"; readonly readAgainAfter: Date }
  | { readonly state: "unreadable"; readonly why: string };

/** A fault of the configuration, named by its variable and never with its value. */
export interface Fault {
  readonly variable: string;
  readonly problem: string;
}

/** What an installation can lend a connector. */
export interface Tools {
  readonly fetch: typeof fetch;
}

/** A connector with its options parsed. It connects only when there is no fault in the whole configuration. */
export interface Configured {
  readonly kind: string;
  readonly faults: readonly Fault[];
  connect(tools: Tools): System;
}

/** Code for one kind of system. Fields of `options` carry `.meta({ env, describe, secret })`. */
export interface Connector<S extends z.ZodObject> {
  readonly kind: string;
  readonly options: S;
  connect(options: z.output<S>, tools: Tools): System;
}

/** A connector as signoff.config.ts calls it, with what `.env.example` and the docs are generated from. */
export interface ConnectorFunction<S extends z.ZodObject> {
  (options: z.input<S>): Configured;
  readonly kind: string;
  readonly options: S;
}

/**
 * A grant of the account that our own credential belongs to: the plan says so and leaves it to the end, since without it
 * nothing more can be done in this system. Revoking it stays `blocked` as long as the credential is this account's.
 */
export function ofOurAccount(grant: Grant): Grant {
  return {
    ...grant,
    place: { at: "last", why: "Signoff's own credential for this system belongs to this account" },
    breaks: [...grant.breaks, "Signoff can do nothing more in this system: give it another credential first"],
  };
}

/** A field of type Secret, named by its environment variable. */
export function secretField(env: string, about: string) {
  return z
    .string()
    .min(1)
    .transform((value) => new Secret(value))
    .meta({ env, about, secret: true });
}

/** Gives signoff.config.ts its function; parses options, so that every fault shows at start and all at once. */
export function defineConnector<S extends z.ZodObject>(connector: Connector<S>): ConnectorFunction<S> {
  const configure = (options: z.input<S>): Configured => {
    const parsed = connector.options.safeParse(options);
    // An option that nobody reads is a fault, not a wish that is silently ignored.
    const unknown = Object.keys(options).filter((key) => !(key in connector.options.shape));
    const faults = [
      ...(parsed.success ? [] : parsed.error.issues.map((issue) => fault(connector, issue))),
      ...unknown.map((key) => ({ variable: `${connector.kind}.${key}`, problem: "is not an option" })),
    ];
    return {
      kind: connector.kind,
      faults,
      connect(tools) {
        if (!parsed.success || faults.length > 0)
          throw new TypeError(`${connector.kind} is not configured: see its faults`);
        return connector.connect(parsed.data, tools);
      },
    };
  };
  return Object.assign(configure, { kind: connector.kind, options: connector.options });
}

function fault(connector: Connector<z.ZodObject>, issue: z.core.$ZodIssue): Fault {
  const field = connector.options.shape[String(issue.path[0])];
  const env = (field as z.ZodType | undefined)?.meta()?.["env"];
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  return {
    variable: typeof env === "string" ? env : `${connector.kind}.${issue.path.join(".")}`,
    problem: missing ? "is missing" : issue.message,
  };
}
