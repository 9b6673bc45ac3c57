import type { Member, Person } from "../connector.ts";
import { systemId } from "./accounts.ts";
import { type Client, path } from "./client.ts";
import { canSignIn } from "./grants.ts";
import { User } from "./schema.ts";

/**
 * Everybody with an account, deactivated ones among them, complete or an error. Ids are `okta:<domain>/<user id>`.
 * Inactive is who is suspended or deactivated: neither can be asked to take anything over.
 */
export async function* listPeople(client: Client): AsyncIterable<Person> {
  // The plain list leaves deactivated accounts out. They come second: who is deactivated in between is in both then, and
  // the later word counts. (`search` would show all at once, but lags behind.)
  const living = await client.list(User, "/api/v1/users", { limit: "200" });
  const gone = await client.list(User, "/api/v1/users", { limit: "200", filter: 'status eq "DEPROVISIONED"' });
  const users = new Map([...living.items, ...gone.items].map((user) => [user.id, user]));
  const owners = ownersOfEmails([...users.values()]);
  const managers = managersByName([...users.values()]);
  const system = systemId(client.domain);
  const personId = (user: User) => `${system}/${user.id}`;
  for (const user of users.values()) {
    const { login, email, displayName, firstName, lastName, timezone } = user.profile;
    const address = email?.toLowerCase();
    const manager = managers.get(user.profile.managerId?.toLowerCase() ?? "");
    yield {
      id: personId(user),
      name: displayName || [firstName, lastName].filter(Boolean).join(" ") || login,
      emails: address && owners.get(address) === user.id ? [address] : [],
      logins: { [system]: [`id:${user.id}`, login] },
      ...(manager && manager.id !== user.id ? { managerId: personId(manager) } : {}),
      ...(timezone && isZone(timezone) ? { zone: timezone } : {}),
      active: user.status !== "DEPROVISIONED" && user.status !== "SUSPENDED",
    };
  }
}

/** An address that several accounts carry belongs to the one whose login it is, and else to nobody. */
function ownersOfEmails(users: readonly User[]): ReadonlyMap<string, string> {
  const carriers = Map.groupBy(users, (user) => user.profile.email?.toLowerCase() ?? "");
  const owners = new Map<string, string>();
  for (const [address, found] of carriers) {
    const owner = found.length === 1 ? found[0] : found.find((user) => user.profile.login.toLowerCase() === address);
    if (owner) owners.set(address, owner.id);
  }
  return owners;
}

/** `managerId` is free text in Okta: it counts where it is an account's id or login. */
function managersByName(users: readonly User[]): ReadonlyMap<string, User> {
  return new Map(
    users.flatMap((user) => [user.id, user.profile.login].map((name) => [name.toLowerCase(), user] as const)),
  );
}

function isZone(text: string): boolean {
  try {
    return Intl.DateTimeFormat("en", { timeZone: text }) !== undefined && text.includes("/");
  } catch {
    return false;
  }
}

/** Who is in a group and can sign in. Okta has no groups within groups. An unknown group is an error. */
export async function listMembers(client: Client, group: string): Promise<readonly Member[]> {
  const { items } = await client.list(User, path`/api/v1/groups/${group}/users`, { limit: "200" });
  return items.filter(canSignIn).map((user) => ({ id: user.id, login: user.profile.login }));
}
