import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgSchema,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from "drizzle-orm/pg-core";

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => "bytea" });
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

// ---------------------------------------------------------------------------------------------------------------
// The log. The runtime role may INSERT and SELECT here and nothing else; triggers refuse the rest to everybody
// (migrations/*_guard.sql).

export const audit = pgSchema("audit");

export const entries = audit.table(
  "entries",
  {
    seq: bigint("seq", { mode: "number" }).primaryKey(),
    /** The hashed bytes as they were: canonical JSON. Every other column repeats a part of it, for queries only. */
    body: bytea("body").notNull(),
    leafHash: bytea("leaf_hash").notNull(),
    at: text("at").notNull(),
    action: text("action").notNull(),
    outcome: text("outcome").notNull(),
    caseId: text("case_id"),
    actorId: text("actor_id").notNull(),
    targetKind: text("target_kind").notNull(),
    targetId: text("target_id").notNull(),
    system: text("system"),
  },
  (table) => [
    index("entries_case").on(table.caseId, table.seq),
    index("entries_target").on(table.targetKind, table.targetId, table.seq),
  ],
);

/** Personal data beside the entry, bound to it by a salted commitment. */
export const personal = audit.table("personal", {
  seq: bigint("seq", { mode: "number" })
    .primaryKey()
    .references(() => entries.seq),
  salt: bytea("salt").notNull(),
  body: bytea("body").notNull(),
});

/** Hashes of complete subtrees (RFC 6962), so that roots and proofs need a few rows and not the whole log. */
export const nodes = audit.table(
  "nodes",
  {
    level: integer("level").notNull(),
    position: bigint("position", { mode: "number" }).notNull(),
    hash: bytea("hash").notNull(),
  },
  (table) => [primaryKey({ columns: [table.level, table.position] })],
);

/** A signed note (C2SP tlog-checkpoint) for each size of the log. */
export const notes = audit.table("notes", {
  size: bigint("size", { mode: "number" }).primaryKey(),
  root: bytea("root").notNull(),
  note: text("note").notNull(),
});

// ---------------------------------------------------------------------------------------------------------------
// People

export const persons = pgTable("persons", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  managerId: text("manager_id"),
  zone: text("zone"),
  active: boolean("active").notNull().default(true),
  updatedAt: instant("updated_at").notNull().defaultNow(),
});

export const emails = pgTable("emails", {
  email: text("email").primaryKey(),
  personId: text("person_id")
    .notNull()
    .references(() => persons.id),
});

/** Logins a directory vouches for, by system id or connector kind. */
export const logins = pgTable(
  "logins",
  {
    system: text("system").notNull(),
    login: text("login").notNull(),
    personId: text("person_id")
      .notNull()
      .references(() => persons.id),
  },
  (table) => [primaryKey({ columns: [table.system, table.login] }), index("logins_person").on(table.personId)],
);

/** Accounts known to belong to a person, by immutable id. Chat accounts are here as well (`slack`). */
export const accounts = pgTable(
  "accounts",
  {
    system: text("system").notNull(),
    id: text("id").notNull(),
    personId: text("person_id")
      .notNull()
      .references(() => persons.id),
    login: text("login").notNull(),
    source: text("source").notNull(),
    at: instant("at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.system, table.id] }), index("accounts_person").on(table.personId)],
);

// ---------------------------------------------------------------------------------------------------------------
// Cases

export const cases = pgTable(
  "cases",
  {
    id: text("id").primaryKey(),
    leaverId: text("leaver_id")
      .notNull()
      .references(() => persons.id),
    requesterId: text("requester_id").notNull(),
    state: text("state").notNull(),
    kind: text("kind").notNull(),
    mode: text("mode").notNull(),
    announced: boolean("announced").notNull(),
    /** Only the fewer people chosen for such cases see and decide it. */
    restricted: boolean("restricted").notNull().default(false),
    dueAt: instant("due_at").notNull(),
    /** What was said, `2026-11-30T18:00`, and in which zone. */
    dueLocal: text("due_local").notNull(),
    dueZone: text("due_zone").notNull(),
    reason: text("reason").notNull(),
    heirId: text("heir_id"),
    openedAt: instant("opened_at").notNull(),
    openedSeq: bigint("opened_seq", { mode: "number" }).notNull(),
    /** The current plan's revision, 0 before there is one. */
    revision: integer("revision").notNull().default(0),
    round: text("round").notNull().default("first"),
    missedAt: instant("missed_at"),
    cutAt: instant("cut_at"),
    /** Until when the closing inventory may stay incomplete; then the case closes with that as an exception. */
    closeBy: instant("close_by"),
    closedAt: instant("closed_at"),
    wakeAt: instant("wake_at"),
    /** When a containment that waits for its approval is called out again, and how often it was. */
    escalateAt: instant("escalate_at"),
    escalations: integer("escalations").notNull().default(0),
  },
  (table) => [
    // One open case a person, whatever two commands arrive at once.
    uniqueIndex("cases_one_open")
      .on(table.leaverId)
      .where(sql`state not in ('closed', 'cancelled', 'rejected', 'held')`),
    index("cases_wake").on(table.wakeAt),
  ],
);

/** One system in one round of a case's inventory. */
export const reads = pgTable(
  "reads",
  {
    caseId: text("case_id").notNull(),
    system: text("system").notNull(),
    round: text("round").notNull(),
    /** pending | read | unmatched | none | failed */
    state: text("state").notNull(),
    accounts: jsonb("accounts").notNull().default([]),
    grants: jsonb("grants").notNull().default([]),
    work: jsonb("work").notNull().default([]),
    sight: jsonb("sight"),
    failure: text("failure"),
    /** A person said that the leaver has no account there (first round only). */
    saidNone: boolean("said_none").notNull().default(false),
    tries: integer("tries").notNull().default(0),
    readAt: instant("read_at"),
    nextAt: instant("next_at"),
    lease: text("lease"),
    leaseUntil: instant("lease_until"),
    seq: bigint("seq", { mode: "number" }),
  },
  (table) => [primaryKey({ columns: [table.caseId, table.system, table.round] })],
);

/** A system that did not show all of itself at a case's end: it is looked at again on later days until it does. */
export const looks = pgTable(
  "looks",
  {
    caseId: text("case_id").notNull(),
    system: text("system").notNull(),
    /** waiting | answered */
    state: text("state").notNull(),
    /** What has not answered yet, each a phrase for people. */
    unanswered: jsonb("unanswered").notNull().default([]),
    /** Grants that were found since, each by its key and resource. */
    found: jsonb("found").notNull().default([]),
    looks: integer("looks").notNull().default(0),
    nextAt: instant("next_at").notNull(),
    lease: text("lease"),
    leaseUntil: instant("lease_until"),
  },
  (table) => [primaryKey({ columns: [table.caseId, table.system] }), index("looks_due").on(table.state, table.nextAt)],
);

/** A plan's revision as it was proposed: the canonical JSON whose hash approvals are bound to. */
export const plans = pgTable(
  "plans",
  {
    caseId: text("case_id").notNull(),
    revision: integer("revision").notNull(),
    /** contain | full | addition */
    scope: text("scope").notNull(),
    /** proposed | approved | rejected | superseded */
    state: text("state").notNull(),
    body: text("body").notNull(),
    hash: text("hash").notNull(),
    proposedAt: instant("proposed_at").notNull(),
    proposedSeq: bigint("proposed_seq", { mode: "number" }).notNull(),
    /** Entry that completed the approval. */
    approvedSeq: bigint("approved_seq", { mode: "number" }),
    gaps: text("gaps"),
  },
  (table) => [primaryKey({ columns: [table.caseId, table.revision] })],
);

/** A grant that somebody asks to keep although its person leaves. Two people agree, somebody owns the risk until a day. */
export const kept = pgTable(
  "kept",
  {
    caseId: text("case_id").notNull(),
    grantKey: text("grant_key").notNull(),
    /** asked | agreed | refused | ended */
    state: text("state").notNull(),
    ownerId: text("owner_id").notNull(),
    until: instant("until").notNull(),
    note: text("note").notNull(),
    askedBy: text("asked_by").notNull(),
    askedSeq: bigint("asked_seq", { mode: "number" }).notNull(),
    agreedBy: text("agreed_by"),
    agreedSeq: bigint("agreed_seq", { mode: "number" }),
    /** How often it was called out after its day, and what the last look showed. */
    alerts: integer("alerts").notNull().default(0),
    shown: text("shown"),
    /** Set when its case closes. */
    nextAt: instant("next_at"),
    lease: text("lease"),
    leaseUntil: instant("lease_until"),
  },
  (table) => [primaryKey({ columns: [table.caseId, table.grantKey] }), index("kept_due").on(table.state, table.nextAt)],
);

/** What becomes of something that breaks with a plan. */
export const broken = pgTable(
  "broken",
  {
    caseId: text("case_id").notNull(),
    key: text("key").notNull(),
    /** heir | let */
    choice: text("choice").notNull(),
    heirId: text("heir_id"),
    by: text("by").notNull(),
    at: instant("at").notNull(),
    seq: bigint("seq", { mode: "number" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.caseId, table.key] })],
);

export const decisions = pgTable(
  "decisions",
  {
    caseId: text("case_id").notNull(),
    planHash: text("plan_hash").notNull(),
    personId: text("person_id").notNull(),
    /** approved | rejected */
    verdict: text("verdict").notNull(),
    note: text("note"),
    at: instant("at").notNull(),
    seq: bigint("seq", { mode: "number" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.caseId, table.planHash, table.personId] })],
);

/** One act of a case. `id` is the unique key: case and grant. */
export const steps = pgTable(
  "steps",
  {
    id: text("id").primaryKey(),
    caseId: text("case_id").notNull(),
    system: text("system").notNull(),
    grantKey: text("grant_key").notNull(),
    revision: integer("revision").notNull(),
    planHash: text("plan_hash").notNull(),
    position: integer("position").notNull(),
    /** core/step.ts has the states and moves. */
    state: text("state").notNull(),
    rung: text("rung"),
    tries: integer("tries").notNull().default(0),
    readBacks: integer("read_backs").notNull().default(0),
    failure: text("failure"),
    note: text("note"),
    decidedBy: text("decided_by"),
    startedAt: instant("started_at"),
    provenAt: instant("proven_at"),
    deadlineAt: instant("deadline_at").notNull(),
    nextAt: instant("next_at"),
    lease: text("lease"),
    leaseUntil: instant("lease_until"),
  },
  (table) => [
    uniqueIndex("steps_grant").on(table.caseId, table.grantKey),
    index("steps_due").on(table.nextAt),
    check("steps_tries", sql`${table.tries} >= 0`),
  ],
);

/** A work item put to a person. One row an item; passing it on changes `toId`. */
export const offers = pgTable(
  "offers",
  {
    id: text("id").primaryKey(),
    caseId: text("case_id").notNull(),
    system: text("system").notNull(),
    itemKey: text("item_key").notNull(),
    item: jsonb("item").notNull(),
    /** core/offer.ts has the states and moves. */
    state: text("state").notNull(),
    toId: text("to_id"),
    why: text("why"),
    acceptedSeq: bigint("accepted_seq", { mode: "number" }),
    declined: jsonb("declined").notNull().default([]),
    /** Who was passed over, each with why: away, without access, deactivated. */
    skipped: jsonb("skipped").notNull().default([]),
    obstacle: text("obstacle"),
    checkedAt: instant("checked_at"),
    snoozedUntil: instant("snoozed_until"),
    remindAt: instant("remind_at"),
    movedSeq: bigint("moved_seq", { mode: "number" }),
    closeSeq: bigint("close_seq", { mode: "number" }),
    leaverNote: text("leaver_note"),
    failure: text("failure"),
    tries: integer("tries").notNull().default(0),
    offeredAt: instant("offered_at"),
    settledAt: instant("settled_at"),
    deadlineAt: instant("deadline_at"),
    nextAt: instant("next_at"),
    lease: text("lease"),
    leaseUntil: instant("lease_until"),
  },
  (table) => [uniqueIndex("offers_item").on(table.caseId, table.itemKey)],
);

// ---------------------------------------------------------------------------------------------------------------
// Chat

/**
 * What should be said, once a key, and where it stands. The workflow writes `notice`, `audience` and `wanted`; chat writes
 * the rest. `posting` with no `ts` after a crash means: look whether it is there before posting.
 */
export const posts = pgTable(
  "posts",
  {
    key: text("key").primaryKey(),
    /** workflow/notices.ts: what it is about. Ids only: the words are made from the tables when it is sent. */
    notice: jsonb("notice").notNull(),
    audience: jsonb("audience").notNull(),
    /** Raised by each transition that changes what is shown; the message is current when `done` has reached it. */
    wanted: integer("wanted").notNull().default(1),
    done: integer("done").notNull().default(0),
    surface: text("surface"),
    channel: text("channel"),
    ts: text("ts"),
    /** When it was first posted: people get only so many new messages a day. */
    postedAt: instant("posted_at"),
    /** Set right before the first post and cleared with `ts`: after a crash the message is looked for first. */
    posting: boolean("posting").notNull().default(false),
    /** Hash of what is shown, so that an unchanged message costs no call. */
    shown: text("shown"),
    failure: text("failure"),
    tries: integer("tries").notNull().default(0),
    nextAt: instant("next_at"),
    lease: text("lease"),
    leaseUntil: instant("lease_until"),
  },
  (table) => [index("posts_due").on(table.nextAt)],
);

/** Requests already taken, by the surface's own id, so that a re-delivery does nothing. Forgotten after a week. */
export const requests = pgTable(
  "requests",
  {
    id: text("id").primaryKey(),
    at: instant("at").notNull().defaultNow(),
  },
  (table) => [index("requests_at").on(table.at)],
);

/** How much a system may be called: one row a system, locked while a turn is taken. */
export const limits = pgTable("limits", {
  system: text("system").primaryKey(),
  /** It asked us to wait until then. */
  pausedUntil: instant("paused_until"),
  /** Calls left of this minute's, as of `counted_at`. */
  calls: doublePrecision("calls").notNull(),
  countedAt: instant("counted_at").notNull(),
});

/** Calls under way, where a system takes only so many at once. */
export const turns = pgTable(
  "turns",
  {
    id: text("id").primaryKey(),
    system: text("system").notNull(),
    until: instant("until").notNull(),
  },
  (table) => [index("turns_system").on(table.system)],
);

/** What one person asked to give back of a closed case, until a second one confirms just that. */
export const undos = pgTable("undos", {
  caseId: text("case_id").primaryKey(),
  /** Canonical JSON of the grants, each with the hash that the entry before its revoke names. */
  body: text("body").notNull(),
  hash: text("hash").notNull(),
  askedBy: text("asked_by").notNull(),
  askedAt: instant("asked_at").notNull(),
  askedSeq: bigint("asked_seq", { mode: "number" }).notNull(),
  confirmedSeq: bigint("confirmed_seq", { mode: "number" }),
});

/** Where a chat let us speak first: without the address that it named, nobody there could be written to after a restart. */
export const conversations = pgTable("conversations", {
  /** The chat's own id of it. */
  id: text("id").primaryKey(),
  serviceUrl: text("service_url").notNull(),
  kind: text("kind").notNull(),
  teamId: text("team_id"),
  /** Whose personal conversation it is, by the account's id. */
  memberId: text("member_id").unique(),
});
