import type { Standing } from "./accounts.ts";
import type { Client } from "./client.ts";
import { ActionsSecret, Repo } from "./schema.ts";

const READS_ONLY = new Set(["read", "pull", "triage", "none"]);

/** Whoever can push can print a repository's secrets from a workflow. A role of the organization's own counts as one that can. */
export function canPush(role: string): boolean {
  return !READS_ONLY.has(role);
}

/** Names of Actions secrets, asked once for each repository in one inventory. Values are never shown to anybody. */
export interface SecretNames {
  of(repo: Repo): Promise<readonly string[]>;
  /** What a membership of this role gives by itself, in every repository. */
  ofMembership(standing: Standing, role: string): Promise<readonly string[]>;
}

/** Opens the names for one inventory. */
export function openSecretNames(client: Client): SecretNames {
  const known = new Map<number, Promise<readonly string[]>>();
  let shared: Promise<readonly Shared[]> | undefined;
  const ofOrg = () => {
    shared ??= readShared(client);
    return shared;
  };
  const read = async (repo: Repo) => {
    const at = { owner: client.org, repo: repo.name };
    const route = "GET /repos/{owner}/{repo}/actions/secrets";
    const own = (await client.list(ActionsSecret, route, at, "secrets")).items;
    const lent = (await ofOrg()).filter((one) => one.isFor(repo));
    return [...own.map(({ name }) => `${name} of ${repo.full_name}`), ...lent.map(({ shown }) => shown)];
  };
  return {
    of(repo) {
      const names = known.get(repo.id) ?? read(repo);
      known.set(repo.id, names);
      return names;
    },
    async ofMembership({ org }, role) {
      if (role !== "admin" && !canPush(org.default_repository_permission ?? "read")) return [];
      const lent = await ofOrg();
      return [`the Actions secrets of every repository of ${org.login}`, ...lent.map(({ shown }) => shown)];
    },
  };
}

interface Shared {
  readonly shown: string;
  isFor(repo: Repo): boolean;
}

async function readShared(client: Client): Promise<readonly Shared[]> {
  const org = client.org;
  const secrets = (await client.list(ActionsSecret, "GET /orgs/{org}/actions/secrets", { org }, "secrets")).items;
  const all: Shared[] = [];
  for (const { name, visibility } of secrets) {
    const shown = `${name} of ${org}`;
    if (visibility === "selected") {
      const route = "GET /orgs/{org}/actions/secrets/{secret_name}/repositories";
      const at = { org, secret_name: name };
      const ids = new Set((await client.list(Repo, route, at, "repositories")).items.map(({ id }) => id));
      all.push({ shown, isFor: (repo) => ids.has(repo.id) });
    } else {
      all.push({ shown, isFor: (repo) => visibility !== "private" || repo.private !== false });
    }
  }
  return all;
}
