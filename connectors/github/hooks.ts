import { type Client, eachOf } from "./client.ts";
import type { RepoView } from "./files.ts";
import { Hook, type Repo } from "./schema.ts";

/** A webhook that the account could have set, since it administers the repository. GitHub does not say who did. */
export interface FoundHook {
  readonly repo: Repo;
  readonly hook: Hook;
  readonly host: string;
  /** The address names the account's login. */
  readonly isTheirs: boolean;
}

const WIDTH = 4;

/**
 * Webhooks of repositories where the account is an administrator. An owner administers all of them, so that only those
 * whose address names the login are told from everybody's; of others every one is worth a look.
 */
export async function findHooks(
  client: Client,
  views: readonly RepoView[],
  account: { readonly login: string; readonly isOwner: boolean },
): Promise<FoundHook[]> {
  const administered = views.filter(({ permission, repo }) => permission === "ADMIN" && !repo.archived);
  const found = await eachOf(administered, WIDTH, async ({ repo }) => {
    const hooks = (await client.list(Hook, "GET /repos/{owner}/{repo}/hooks", { owner: client.org, repo: repo.name }))
      .items;
    return hooks.map((hook) => ({ repo, hook, ...read(hook.config.url, account.login) }));
  });
  return found.flat().filter(({ isTheirs }) => isTheirs || !account.isOwner);
}

/** Only the host is kept: paths and passwords in such addresses are often secrets. */
function read(address: string | undefined, login: string): { readonly host: string; readonly isTheirs: boolean } {
  const url = address ? URL.parse(address) : null;
  if (!url) return { host: "an address that cannot be read", isTheirs: false };
  const words = `${url.host}${url.pathname}`.toLowerCase().split(/[/.:]/);
  return { host: url.host, isTheirs: words.includes(login.toLowerCase()) };
}
