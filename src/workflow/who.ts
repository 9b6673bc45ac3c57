import { z } from "zod";
import { type Asker, approverRole, type CaseFacts, type Mark, ROLES, type Role } from "../core/rights.ts";
import { isLeaving } from "../store/leaving.ts";
import type { Tx } from "../store/open.ts";
import { findPersonNamed, findPersonOfAccount, findPersonOfEmail, listAccounts, noteAccount } from "./known-people.ts";
import { findRecord, type Vouching } from "./person-record.ts";
import { listRecused } from "./recused.ts";
import { type OpenedCase, rolesFor } from "./roles.ts";
import type { Said } from "./transition.ts";
import type { Workflow } from "./workflow.ts";

/** A chat account as its surface vouches for it. */
export const ChatAccount = z.object({
  surface: z.enum(["slack", "teams"]),
  id: z.string().min(1),
  name: z.string(),
  email: z.string().optional(),
  kind: z.enum(["member", "guest", "external", "bot", "deactivated"]),
});
export type ChatAccount = Readonly<z.infer<typeof ChatAccount>>;

/**
 * Somebody at the machine that Signoff runs on, who says which person of the directory they are. Nothing here proves it, so
 * the operating system's word stands beside it in each entry.
 */
export interface AtTerminal {
  readonly surface: "terminal";
  /** An e-mail or a person's id, as it was typed. */
  readonly person: string;
  readonly user: string;
  readonly host: string;
}

/** Who makes a request, as far as it came with a name: not yet a person. */
export type Account = ChatAccount | AtTerminal;

/** The person behind who makes a request. */
export function findPersonOf(tx: Tx, w: Vouching, account: Account): Promise<string | undefined> {
  if (account.surface === "terminal") return findPersonNamed(tx, w, account.person);
  return findPersonOfChat(tx, w, account);
}

/**
 * The person behind a chat account: known by the account's id, or by the e-mail the workspace vouches for, which `noteChat`
 * then keeps. Guests, externals and bots are nobody, since somebody else's administrator sets their e-mail.
 */
export async function findPersonOfChat(tx: Tx, w: Vouching, account: ChatAccount): Promise<string | undefined> {
  if (account.kind !== "member" && account.kind !== "deactivated") return undefined;
  const known = await findPersonOfAccount(tx, w, account.surface, account.id);
  if (known !== undefined) return known;
  return account.email ? findPersonOfEmail(tx, w, account.email) : undefined;
}

/**
 * Keeps whose a chat account is: from then on its e-mail says nothing any more. The entries belong into the same
 * transition; nothing if the account is known as somebody else's.
 */
export async function noteChat(
  tx: Tx,
  w: Vouching,
  account: Account,
  personId: string,
): Promise<readonly Said[] | undefined> {
  if (account.surface === "terminal") return [];
  const noted = await noteAccount(
    tx,
    w,
    { system: account.surface, id: account.id, login: account.name },
    personId,
    "chat e-mail",
  );
  return noted.kind === "noted" ? noted.said : undefined;
}

/** Roles of a person, in general or in one case. Two accounts of one person are one. */
export async function rolesOf(tx: Tx, w: Workflow, personId: string, of?: OpenedCase): Promise<ReadonlySet<Role>> {
  const names = await namesFor(tx, w, personId);
  const lists = await rolesFor(tx, w, of);
  return new Set(ROLES.filter((role) => holds(lists[role], names)));
}

/** Whether the configuration marks a person who may leave. */
export async function isMarked(tx: Tx, w: Workflow, personId: string, mark: Mark): Promise<boolean> {
  return holds((await rolesFor(tx, w))[mark], await namesFor(tx, w, personId));
}

/** Who may approve in a case, however they are called: not its leaver, nobody who stepped out, nobody who is leaving. */
export async function approversOf(
  tx: Tx,
  w: Workflow,
  row: CaseFacts & OpenedCase & { id: string },
): Promise<readonly string[]> {
  const recused = await listRecused(tx, w, row.id);
  const found: string[] = [];
  for (const id of await peopleWith(tx, w, approverRole(row), row)) {
    if (id !== row.leaverId && !recused.includes(id) && !(await isLeaving(tx, id))) found.push(id);
  }
  return found;
}

/** A person as somebody who asks. Whoever is leaving has no rights left. */
export async function askerOf(tx: Tx, w: Workflow, personId: string): Promise<Asker> {
  return { personId, roles: await rolesOf(tx, w, personId), leaving: await isLeaving(tx, personId) };
}

/** Person ids of everybody who has a role, in general or in one case, as far as the directory knows them. */
export async function peopleWith(tx: Tx, w: Workflow, role: Role, of?: OpenedCase): Promise<readonly string[]> {
  return peopleNamed(tx, w, (await rolesFor(tx, w, of))[role]);
}

/** Person ids of those whom names mean: e-mails, chat account ids, person ids. */
export async function peopleNamed(tx: Tx, w: Workflow, names: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const name of names) {
    const id = name.includes("@")
      ? await findPersonOfEmail(tx, w, name)
      : ((await findPersonOfAccount(tx, w, "slack", name)) ??
        (await findPersonOfAccount(tx, w, "teams", name)) ??
        name);
    if (id !== undefined) found.add(id);
  }
  return [...found];
}

/** Everything by which the configuration may name a person. */
async function namesFor(tx: Tx, w: Workflow, personId: string): Promise<ReadonlySet<string>> {
  const record = await findRecord(tx, w, personId);
  const chats = [...(await listAccounts(tx, w, personId, "slack")), ...(await listAccounts(tx, w, personId, "teams"))];
  return new Set([personId, ...(record?.emails ?? []), ...chats.map(({ id }) => id)]);
}

function holds(list: readonly string[], names: ReadonlySet<string>): boolean {
  return list.some((name) => names.has(name) || names.has(name.toLowerCase()));
}
