import { type Client, eachOf } from "./client.ts";
import { Branch, Comparison, Fork, type Repo } from "./schema.ts";

/** A private fork that GitHub deletes when its owner loses access to the repository it was made from. */
export interface PrivateFork {
  readonly parent: Repo;
  readonly fork: Fork;
  /** Branches with commits that the repository does not have. */
  readonly ahead: readonly { readonly branch: string; readonly commits: number }[];
}

const WIDTH = 4;

/** Private forks of this account with unmerged commits; repositories that are public or have no forks are not asked. */
export async function findForks(client: Client, repos: readonly Repo[], account: string): Promise<PrivateFork[]> {
  const parents = repos.filter((repo) => repo.private && (repo.forks_count ?? 0) > 0);
  const found = await eachOf(parents, WIDTH, async (parent) => {
    const at = { owner: client.org, repo: parent.name };
    const forks = (await client.list(Fork, "GET /repos/{owner}/{repo}/forks", at)).items;
    const own = forks.filter((fork) => String(fork.owner.id) === account);
    return Promise.all(own.map((fork) => compare(client, parent, fork)));
  });
  return found.flat().filter(({ ahead }) => ahead.length > 0);
}

async function compare(client: Client, parent: Repo, fork: Fork): Promise<PrivateFork> {
  const at = { owner: fork.owner.login, repo: fork.name };
  const branches = (await client.list(Branch, "GET /repos/{owner}/{repo}/branches", at)).items;
  const ahead: { branch: string; commits: number }[] = [];
  for (const { name } of branches) {
    const basehead = `${parent.default_branch ?? "HEAD"}...${fork.owner.login}:${name}`;
    const route = "GET /repos/{owner}/{repo}/compare/{basehead}";
    const { body } = await client.get(Comparison, route, {
      owner: client.org,
      repo: parent.name,
      basehead,
      per_page: 1,
    });
    if (body.ahead_by > 0) ahead.push({ branch: name, commits: body.ahead_by });
  }
  return { parent, fork, ahead };
}
