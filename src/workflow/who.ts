import { and, eq, notInArray } from "drizzle-orm";
import { z } from "zod";
import { type Asker, ROLES, type Role } from "../core/rights.ts";
import type { Tx } from "../store/open.ts";
import { findPersonOfAccount, findPersonOfEmail, listAccounts, noteAccount } from "../store/people.ts";
import { cases, emails } from "../store/schema.ts";
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
 * The person behind a chat account: known by the account's id, or by the e-mail the workspace vouches for, which is then
 * noted. Guests, externals and bots are nobody, since somebody else's administrator sets their e-mail.
 */
export async function findPersonOfChat(tx: Tx, account: ChatAccount): Promise<string | undefined> {
  if (account.kind !== "member" && account.kind !== "deactivated") return undefined;
  const known = await findPersonOfAccount(tx, account.surface, account.id);
  if (known !== undefined) return known;
  if (!account.email) return undefined;
  const byEmail = await findPersonOfEmail(tx, account.email);
  if (byEmail === undefined) return undefined;
  const noted = await noteAccount(
    tx,
    { system: account.surface, id: account.id, login: account.name },
    byEmail,
    "chat e-mail",
  );
  return noted.kind === "noted" ? byEmail : undefined;
}

/** Roles of a person, from ids, e-mails and chat accounts in the configuration. */
export async function rolesOf(tx: Tx, w: Workflow, personId: string): Promise<ReadonlySet<Role>> {
  const mails = await tx.select({ email: emails.email }).from(emails).where(eq(emails.personId, personId));
  const chats = [...(await listAccounts(tx, personId, "slack")), ...(await listAccounts(tx, personId, "teams"))];
  const names = new Set([personId, ...mails.map(({ email }) => email), ...chats.map(({ id }) => id)]);
  return new Set(
    ROLES.filter((role) => w.roles[role].some((name) => names.has(name) || names.has(name.toLowerCase()))),
  );
}

/** A person as somebody who asks. Whoever is leaving has no rights left. */
export async function askerOf(tx: Tx, w: Workflow, personId: string): Promise<Asker> {
  const [leaving] = await tx
    .select({ id: cases.id })
    .from(cases)
    .where(and(eq(cases.leaverId, personId), notInArray(cases.state, ["cancelled", "rejected", "held"])));
  return { personId, roles: await rolesOf(tx, w, personId), leaving: leaving !== undefined };
}

/** Person ids of everybody who has a role, as far as the directory knows them. */
export async function peopleWith(tx: Tx, w: Workflow, role: Role): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const name of w.roles[role]) {
    const id = name.includes("@")
      ? await findPersonOfEmail(tx, name)
      : ((await findPersonOfAccount(tx, "slack", name)) ?? (await findPersonOfAccount(tx, "teams", name)) ?? name);
    if (id !== undefined) found.add(id);
  }
  return [...found];
}
