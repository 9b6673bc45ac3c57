import { type Grant, type Revoked, SystemError } from "../connector.ts";
import { type Client, eachOf, type Listing } from "./client.ts";
import type { RepoView } from "./files.ts";
import { DeployKey, type Repo } from "./schema.ts";

const WIDTH = 4;
const ROUTE = "/repos/{owner}/{repo}/keys";

/**
 * Deploy keys that this login added. Whoever adds a key may hold its private half, and the key outlives the membership.
 * Only repositories that have any are asked.
 */
export async function listKeyGrants(
  client: Client,
  base: Pick<Grant, "system" | "account">,
  login: string,
  views: readonly RepoView[],
): Promise<Grant[]> {
  const withKeys = views.filter(({ deployKeys }) => deployKeys > 0);
  const grants = await eachOf(withKeys, WIDTH, async ({ repo }) => {
    const own = (await listKeys(client, repo)).items.filter((key) => isAddedBy(key, login));
    return own.map((key) => grantOf(base, repo, key));
  });
  return grants.flat();
}

/** The complete list of one repository's keys. */
export async function listKeys(client: Client, repo: Repo): Promise<Listing<DeployKey>> {
  return client.list(DeployKey, `GET ${ROUTE}`, { owner: client.org, repo: repo.name });
}

function isAddedBy(key: DeployKey, login: string): boolean {
  return key.added_by?.toLowerCase() === login.toLowerCase();
}

function grantOf(base: Pick<Grant, "system" | "account">, repo: Repo, key: DeployKey): Grant {
  const used = key.last_used ? `last used ${key.last_used}` : "not known to have been used";
  return {
    ...base,
    id: `key:${repo.id}/${key.id}`,
    kind: "deploy-key",
    resource: `${repo.full_name}: ${key.title}`,
    role: key.read_only ? "read" : "write",
    stage: "memberships",
    after: [],
    outlivesSignOn: true,
    reversible: "always",
    privileged: !key.read_only,
    secrets: [],
    breaks: [`whatever uses the deploy key ${key.title} of ${repo.full_name}, ${used}`],
    ...(key.last_used ? { lastUsedAt: new Date(key.last_used).toISOString() } : {}),
    before: { repo: repo.name, title: key.title, readOnly: String(key.read_only), key: key.key },
  };
}

/** Whether a key is the one that was listed: by its id, or the same key added again. */
export function isKey(grant: Grant, id: number): (key: DeployKey) => boolean {
  const same = bytesOf(grant.before?.["key"] ?? "");
  return (key) => key.id === id || (same !== "" && bytesOf(key.key) === same);
}

function bytesOf(key: string): string {
  return key.split(" ", 2).join(" ");
}

/** Removes the key, and the same key added again. */
export async function removeKey(client: Client, grant: Grant, repo: Repo, id: number): Promise<Revoked> {
  const own = (await listKeys(client, repo)).items.filter(isKey(grant, id));
  if (own.length === 0) return { status: "already-gone" };
  let receipt: string | undefined;
  for (const { id: key_id } of own) {
    const at = { owner: client.org, repo: repo.name, key_id };
    receipt = (await client.send(`DELETE ${ROUTE}/{key_id}`, at))?.requestId ?? receipt;
  }
  return { status: "revoked", ...(receipt ? { receipt } : {}) };
}

/** Adds the public key again, as it was. */
export async function addKeyAgain(client: Client, grant: Grant, repo: Repo): Promise<void> {
  const { key, title, readOnly } = grant.before ?? {};
  if (!key || !title) throw new SystemError({ code: "refused", reason: "the key as it was is not known" });
  const at = { owner: client.org, repo: repo.name };
  await client.send(`POST ${ROUTE}`, { ...at, key, title, read_only: readOnly !== "false" });
}
