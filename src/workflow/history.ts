import { and, desc, eq, gte, ilike, inArray, isNull, lt, notInArray, or, type SQL } from "drizzle-orm";
import { openCheckpoint } from "../audit/checkpoint.ts";
import { commitment } from "../audit/commitment.ts";
import type { Entry } from "../audit/entry.ts";
import { Personal } from "../audit/entry.ts";
import { fingerprint } from "../audit/key.ts";
import { proveEntry } from "../audit/prove.ts";
import { Unproven } from "../audit/read-proven.ts";
import { idOfKey } from "../core/access.ts";
import type { Asker } from "../core/rights.ts";
import { safeText } from "../core/text.ts";
import { findCase } from "../store/cases.ts";
import { latestCheckpoint } from "../store/log.ts";
import type { Tx } from "../store/open.ts";
import { cases, entries, personal } from "../store/schema.ts";
import { titleOf } from "../store/views.ts";
import { ask, byPerson, type Denied, denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { findPerson, findPersonOfAccount, findPersonOfEmail, listPeopleNamed, namesOf } from "./known-people.ts";
import type { Change } from "./transition.ts";
import { type ChatAccount, findPersonOfChat } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/** Whose history: somebody the chat shows, an account of the chat that may be long gone, or what was typed. */
export type HistoryOf =
  | { readonly kind: "chat"; readonly account: ChatAccount }
  | { readonly kind: "chat-id"; readonly surface: ChatAccount["surface"]; readonly id: string }
  /** An e-mail, a login in any system, or a person's id. Never a name: two people may have it. */
  | { readonly kind: "text"; readonly text: string };

/** One entry as it was signed. */
export interface HistoryLine {
  readonly seq: number;
  readonly at: Date;
  readonly action: string;
  readonly outcome: Entry["outcome"];
  /** `name` is missing if the directory does not know who it is. */
  readonly actor: { readonly kind: Entry["actor"]["kind"]; readonly id: string; readonly name?: string };
  /** Its title, or its id if it is not configured any more. */
  readonly system: string | undefined;
  readonly caseId: string | null;
  /** What it was done to: a grant, an account, a person by name, a plan's hash; empty for a system or the case itself. */
  readonly what: string;
  /** Rung of the proof ladder, or why it went as it did. */
  readonly detail: string | undefined;
  /** What a person wrote. */
  readonly note: string | undefined;
}

/** An entry that is not as it was signed. */
export interface BrokenLine {
  readonly seq: number;
  readonly broken: string;
}

export interface HistoryPage {
  readonly kind: "page";
  readonly person: { readonly id: string; readonly name: string };
  /** Newest first. */
  readonly lines: readonly (HistoryLine | BrokenLine)[];
  /** For the next page; `undefined` on the last one. */
  readonly before: number | undefined;
  readonly filter: HistoryFilter | undefined;
  readonly checkpoint:
    | { readonly origin: string; readonly size: number; readonly root: string; readonly fingerprint: string }
    | undefined;
}

export type History =
  | HistoryPage
  /** Nobody. Of an account that the chat shows it says what that is. */
  | { readonly kind: "unknown-person"; readonly account?: Pick<ChatAccount, "kind" | "name"> }
  /** What was typed belongs to several people. */
  | { readonly kind: "several" };

/** Which lines are wanted: all that are of one of the systems, within the span, and hold each of the words. */
export interface HistoryFilter {
  /** As it was typed, for the entry and for the next page. */
  readonly text: string;
  /** System ids; none means all. */
  readonly systems: readonly string[];
  readonly words: readonly string[];
  readonly since?: Date;
  /** Not in the span any more. */
  readonly until?: Date;
}

const PAGE = 20;

/**
 * Reads what the log holds of a person, newest first: every entry of every case they left in, and entries about the
 * person. Each line is proven against the newest signed note. Reading it is an entry itself.
 */
export function readHistory(
  w: Workflow,
  request: Request,
  asked: { readonly of: HistoryOf; readonly filter?: HistoryFilter | undefined; readonly before?: number | undefined },
): Promise<History | Refusal> {
  return ask<History>(w, request, async (tx, asker): Promise<Change<History> | Denied> => {
    const noRight = denied(asker, "read-history", null);
    if (noRight) return noRight;
    const found = await findWhom(tx, w, asked.of);
    if (found.length > 1) return { result: { kind: "several" } };
    const [personId] = found;
    if (personId === undefined) {
      const account = asked.of.kind === "chat" ? asked.of.account : undefined;
      return { result: { kind: "unknown-person", ...(account ? { account } : {}) } };
    }
    // What cases it may show is looked at one by one; here only whether it is their own.
    const restricted = !asker.roles.has("approver") && !asker.roles.has("auditor");
    const own = denied(asker, "read-history", null, { leaverId: personId, requesterId: "", restricted });
    if (own) return own;
    const page = await readPage(tx, w, personId, asked, await hiddenCases(tx, w, asker, personId));
    const filter = asked.filter?.text;
    return {
      result: page,
      entries: [
        {
          actor: byPerson(request, asker),
          action: "history.read",
          outcome: "success",
          target: { kind: "person", id: personId },
          case: null,
          detail: { lines: page.lines.length, before: asked.before ?? null, filtered: Boolean(filter) },
          ...(filter ? { personal: { filter: safeText(filter) } } : {}),
        },
      ],
    };
  });
}

/** Restricted cases of a person that the asker may not see. */
async function hiddenCases(tx: Tx, w: Workflow, asker: Asker, personId: string): Promise<readonly string[]> {
  const hidden: string[] = [];
  for (const { id } of await tx.select({ id: cases.id }).from(cases).where(eq(cases.leaverId, personId))) {
    const row = await findCase(tx, id);
    if (row && (await deniedIn(tx, w, asker, "read-case", row))) hidden.push(id);
  }
  return hidden;
}

async function readPage(
  tx: Tx,
  w: Workflow,
  personId: string,
  asked: { readonly filter?: HistoryFilter | undefined; readonly before?: number | undefined },
  hidden: readonly string[],
): Promise<HistoryPage> {
  const own = await tx.select({ id: cases.id }).from(cases).where(eq(cases.leaverId, personId));
  const ids = own.map(({ id }) => id);
  const about = and(eq(entries.targetKind, "person"), eq(entries.targetId, safeText(personId)));
  const found = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(
      and(
        ids.length > 0 ? or(inArray(entries.caseId, ids), about) : about,
        hidden.length > 0 ? or(isNull(entries.caseId), notInArray(entries.caseId, [...hidden])) : undefined,
        asked.before === undefined ? undefined : lt(entries.seq, asked.before),
        asked.filter && wanted(asked.filter),
      ),
    )
    .orderBy(desc(entries.seq))
    .limit(PAGE + 1);
  const lines: (HistoryLine | BrokenLine)[] = [];
  // Each person's name is looked up once a page.
  const known = new Map<string, string | undefined>();
  const nameOf: NameOf = async (id) => {
    if (!known.has(id)) known.set(id, (await namesOf(tx, w, [id])).get(id));
    return known.get(id);
  };
  for (const { seq } of found.slice(0, PAGE)) lines.push(await readLine(tx, w, seq, nameOf));
  const last = await latestCheckpoint(tx);
  return {
    kind: "page",
    person: { id: personId, name: (await findPerson(tx, w, personId))?.name ?? personId },
    lines,
    before: found.length > PAGE ? found[PAGE - 1]?.seq : undefined,
    filter: asked.filter,
    checkpoint: last && facts(w, last.note),
  };
}

function wanted({ systems, words, since, until }: HistoryFilter): SQL | undefined {
  const holds = (word: string) => {
    const like = `%${safeText(word).replace(/[\\%_]/g, "\\$&")}%`;
    const columns = [entries.action, entries.outcome, entries.system, entries.targetId, entries.caseId];
    return or(...columns.map((column) => ilike(column, like)));
  };
  return and(
    systems.length > 0 ? inArray(entries.system, [...systems]) : undefined,
    // Instants are kept as ISO 8601 in UTC, whose order is that of their text.
    since && gte(entries.at, since.toISOString()),
    until && lt(entries.at, until.toISOString()),
    ...words.map(holds),
  );
}

/** The newest note's facts, if our key signed it. */
function facts(w: Workflow, note: string): HistoryPage["checkpoint"] {
  const { origin, size, root } = openCheckpoint(note, w.verifier);
  return { origin, size, root: Buffer.from(root).toString("base64"), fingerprint: fingerprint(w.verifier) };
}

type NameOf = (personId: string) => Promise<string | undefined>;

async function readLine(tx: Tx, w: Workflow, seq: number, nameOf: NameOf): Promise<HistoryLine | BrokenLine> {
  let entry: Entry;
  try {
    entry = await proveEntry(tx, w.verifier, seq);
  } catch (error) {
    if (!(error instanceof Unproven)) throw error;
    return { seq, broken: error.message };
  }
  const beside = await readPersonal(tx, entry);
  if (beside === "changed") return { seq, broken: "what was kept beside it was changed" };
  const id = actorId(entry.actor);
  const name = entry.actor.kind === "person" ? await nameOf(id) : undefined;
  const target = entry.target.kind === "person" ? await nameOf(entry.target.id) : undefined;
  return {
    seq,
    at: new Date(entry.at),
    action: entry.action,
    outcome: entry.outcome,
    actor: { kind: entry.actor.kind, id, ...(name === undefined ? {} : { name }) },
    system: entry.target.system === undefined ? undefined : titleOf(w.systems, entry.target.system),
    caseId: entry.case,
    what: whatOf(entry, target, beside),
    detail: detailOf(entry),
    note: textOf(beside?.["note"]),
  };
}

/** What stands beside an entry, if it is what the entry says. Erased data is no fault here: `audit verify` judges that. */
async function readPersonal(tx: Tx, entry: Entry): Promise<Personal | undefined | "changed"> {
  if (entry.personal === null) return undefined;
  const [row] = await tx.select().from(personal).where(eq(personal.seq, entry.seq));
  if (!row) return undefined;
  if (commitment(row) !== entry.personal) return "changed";
  return Personal.parse(JSON.parse(new TextDecoder().decode(row.body)));
}

function actorId(actor: Entry["actor"]): string {
  switch (actor.kind) {
    case "person":
      return actor.id;
    case "signoff":
      return `Signoff ${actor.version}`;
    case "operator":
      return actor.user;
    case "account":
      return `${actor.system} account ${actor.id}`;
    default:
      return actor satisfies never;
  }
}

function whatOf(entry: Entry, name: string | undefined, beside: Personal | undefined): string {
  const title = textOf(beside?.["title"]) ?? textOf(beside?.["login"]);
  if (title !== undefined) return title;
  if (entry.target.kind === "system" || entry.target.kind === "case") return "";
  if (entry.target.kind === "person") return name ?? entry.target.id;
  if (entry.target.kind === "plan") return entry.target.id.slice(0, 12);
  return idOfKey(entry.target.id);
}

function detailOf(entry: Entry): string | undefined {
  const said = (key: string) => textOf(entry.detail?.[key]);
  const proof = entry.verification;
  if (proof) return proof.state === "unreadable" ? "nothing can read it" : `read back: ${proof.state}`;
  if (entry.scope) return `grants: ${entry.scope.grants.length}, work: ${entry.scope.work}, ${entry.scope.why}`;
  if (entry.departure) return `${entry.departure.kind}, ${entry.departure.mode}`;
  if (entry.closure) return `exceptions: ${entry.closure.exceptions.length}`;
  if (entry.act) return `${entry.act.result}, attempt ${entry.act.attempt}`;
  return said("why") ?? said("failure") ?? said("verdict") ?? said("what") ?? said("scope");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** People whom this means, each once. People who left long ago are found as well: nobody is ever removed. */
export async function findWhom(tx: Tx, w: Workflow, of: HistoryOf): Promise<readonly string[]> {
  switch (of.kind) {
    case "chat": {
      const { account } = of;
      // Whatever it is now, an account that is known stays its person's. Matching by e-mail is as in opening a case.
      const id =
        (await findPersonOfAccount(tx, w, account.surface, account.id)) ??
        (await findPersonOfChat(tx, w, account.kind === "guest" ? { ...account, kind: "member" } : account));
      return id === undefined ? [] : [id];
    }
    case "chat-id": {
      const id = await findPersonOfAccount(tx, w, of.surface, of.id);
      return id === undefined ? [] : [id];
    }
    case "text":
      return findByText(tx, w, safeText(of.text.trim().replace(/^@/, "")));
    default:
      return of satisfies never;
  }
}

async function findByText(tx: Tx, w: Workflow, text: string): Promise<readonly string[]> {
  if (text === "") return [];
  const email = await findPersonOfEmail(tx, w, text);
  if (email !== undefined) return [email];
  const person = await findPerson(tx, w, text);
  if (person) return [person.id];
  return listPeopleNamed(tx, w, text);
}
