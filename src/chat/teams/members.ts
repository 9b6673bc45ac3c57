import { z } from "zod";
import type { Member } from "../intent.ts";
import type { Client } from "./client.ts";

// An account is named by its Entra object id, which no rename changes and no other person gets. Who it is comes from the
// tenant's own directory (Microsoft Graph, application permission User.Read.All), read afresh each time: a chat's member list
// shows neither that an account is disabled nor whose it is outside.

const User = z.object({
  id: z.string(),
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  userPrincipalName: z.string().nullish(),
  userType: z.string().nullish(),
  accountEnabled: z.boolean().nullish(),
});
const Page = z.object({ value: z.array(User) });
const SELECT = "$select=id,displayName,mail,userPrincipalName,userType,accountEnabled";

const OBJECT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An Entra object id in the form in which it is a key; `undefined` if it is none. */
export function objectId(text: string | null | undefined): string | undefined {
  const id = text?.trim().toLowerCase() ?? "";
  return OBJECT_ID.test(id) ? id : undefined;
}

/** The account with this Entra object id; `undefined` if the tenant has none, so that it is somebody else's. */
export async function readMember(client: Client, id: string): Promise<Member | undefined> {
  const key = objectId(id);
  const user = key === undefined ? undefined : await client.graph(`users/${key}?${SELECT}`, User);
  return user && memberOf(user);
}

/** The one account with exactly this e-mail. */
export async function readMemberByEmail(client: Client, email: string): Promise<Member | undefined> {
  const wanted = email.trim().toLowerCase();
  if (wanted === "") return undefined;
  const quoted = wanted.replaceAll("'", "''");
  const filter = encodeURIComponent(`mail eq '${quoted}' or userPrincipalName eq '${quoted}'`);
  const page = await client.graph(`users?${SELECT}&$filter=${filter}`, Page);
  const found = (page?.value ?? []).map(memberOf).filter((member) => member.email === wanted);
  const [only] = found;
  return only && found.length === 1 ? only : undefined;
}

function memberOf(user: z.infer<typeof User>): Member {
  const guest = user.userType?.toLowerCase() !== "member" || /#ext#/i.test(user.userPrincipalName ?? "");
  const email = (user.mail || user.userPrincipalName)?.trim().toLowerCase();
  return {
    surface: "teams",
    id: user.id.toLowerCase(),
    name: user.displayName || user.userPrincipalName || user.id,
    // A guest's e-mail is set by somebody else's administrator and proves nothing here.
    ...(email && !guest ? { email } : {}),
    kind: user.accountEnabled === false ? "deactivated" : guest ? "guest" : "member",
  };
}
