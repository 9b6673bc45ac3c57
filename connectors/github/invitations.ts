import { type Account, type Grant, type Match, type Person, type Revoked, SystemError } from "../connector.ts";
import { getStanding, systemId } from "./accounts.ts";
import type { Client, Listing } from "./client.ts";
import { OrgInvitation } from "./schema.ts";

// An invitation to an address belongs to no account until it is accepted, and then to whichever account accepts it.

const BY_EMAIL = /^email:(.+)$/;

/** The address that stands for an account here; undefined for a real account's id. */
export function emailOf(account: string): string | undefined {
  return BY_EMAIL.exec(account)?.[1];
}

/** Invitations to any of the person's addresses, one match for each address. */
export async function findInvited(client: Client, person: Person): Promise<Match[]> {
  if (person.emails.length === 0) return [];
  const waiting = (await listInvitations(client)).items.map((one) => one.email?.toLowerCase());
  return person.emails
    .map((email) => email.toLowerCase())
    .filter((email) => waiting.includes(email))
    .map((email) => ({
      account: { system: systemId(client.org), id: `email:${email}`, login: email, kind: "human" },
      rule: "email",
      why: `an invitation to ${email} waits to be accepted`,
    }));
}

/** The invitations that wait at this address, each a grant of its own. */
export async function listEmailGrants(client: Client, account: Account, email: string): Promise<Grant[]> {
  const { org } = await getStanding(client);
  const own = (await listInvitations(client)).items.filter((one) => one.email?.toLowerCase() === email);
  return own.map((one) => ({
    system: systemId(client.org),
    account: account.id,
    id: `invitation:${one.id}`,
    kind: "email-invitation",
    resource: org.login,
    role: one.role,
    stage: "memberships",
    after: [],
    outlivesSignOn: true,
    reversible: "always",
    privileged: one.role === "admin",
    secrets: [],
    breaks: [],
    before: { role: one.role, email },
  }));
}

/** The complete list, among it those sent to accounts. Organizations of managed users have none, and answer 404. */
export async function listInvitations(client: Client): Promise<Listing<OrgInvitation>> {
  const listing = await client.findList(OrgInvitation, "GET /orgs/{org}/invitations", { org: client.org });
  if (listing) return listing;
  // 404 is also how a token without rights is answered.
  await getStanding(client);
  return { items: [], pages: 0, last: { body: [], headers: {} } };
}

/** Whether an invitation is the one that was listed: by its id, or sent again to the same address. */
export function isInvitation(grant: Grant, id: number): (one: OrgInvitation) => boolean {
  const email = grant.before?.["email"];
  return (one) => one.id === id || (email !== undefined && one.email?.toLowerCase() === email);
}

/** Cancels every invitation to the address, since any of them lets the person in. */
export async function cancelInvitation(client: Client, grant: Grant, id: number): Promise<Revoked> {
  const own = (await listInvitations(client)).items.filter(isInvitation(grant, id));
  if (own.length === 0) return { status: "already-gone" };
  let receipt: string | undefined;
  for (const { id: invitation_id } of own) {
    const route = "DELETE /orgs/{org}/invitations/{invitation_id}";
    receipt = (await client.send(route, { org: client.org, invitation_id }))?.requestId ?? receipt;
  }
  return { status: "revoked", ...(receipt ? { receipt } : {}) };
}

/** Invites the address again. */
export async function inviteAgain(client: Client, grant: Grant): Promise<void> {
  const { email, role } = grant.before ?? {};
  if (!email) throw new SystemError({ code: "refused", reason: "the address that was invited is not known" });
  // Lists say admin, member and billing manager in words that the request does not take as they are.
  const asked = role === "admin" || role === "billing_manager" ? role : "direct_member";
  await client.send("POST /orgs/{org}/invitations", { org: client.org, email, role: asked });
}
