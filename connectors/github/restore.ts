import { type Grant, SystemError } from "../connector.ts";
import { getLogin, getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { inviteAgain } from "./invitations.ts";
import { addKeyAgain } from "./keys.ts";
import { placeOf } from "./read-back.ts";
import { findRepo, findTeam } from "./reads.ts";
import type { Repo } from "./schema.ts";

/**
 * Gives a grant back. GitHub sends an invitation where the account is no member any more, and within three months the
 * membership comes back with the privileges it had.
 */
export async function restore(client: Client, grant: Grant): Promise<void> {
  await getStanding(client);
  const place = placeOf(grant);
  if (place.kind === "invitation") return inviteAgain(client, grant);
  if (place.kind === "key") return addKeyAgain(client, grant, await getRepo(client, grant, place.id));
  const username = await getLogin(client, grant.account);
  const role = grant.before?.["role"] ?? "";
  switch (place.kind) {
    case "org":
      await given(client, "PUT /orgs/{org}/memberships/{username}", { org: client.org, username, role });
      return;
    case "team": {
      const team = await findTeam(client, place.id);
      if (!team) throw new SystemError({ code: "refused", reason: "the team was deleted" });
      const at = { org: client.org, team_slug: team.slug, username };
      await given(client, "PUT /orgs/{org}/teams/{team_slug}/memberships/{username}", { ...at, role });
      return;
    }
    case "repo": {
      const repo = await getRepo(client, grant, place.id);
      // Lists say read and write, the request says pull and push.
      const permission = { read: "pull", write: "push" }[role] ?? role;
      const at = { owner: client.org, repo: repo.name, username };
      await given(client, "PUT /repos/{owner}/{repo}/collaborators/{username}", { ...at, permission });
      return;
    }
    default:
      return place.kind satisfies never;
  }
}

async function given(client: Client, route: string, parameters: Record<string, string>): Promise<void> {
  if (!(await client.send(route, parameters))) throw new SystemError({ code: "forbidden", scope: "admin:org, repo" });
}

async function getRepo(client: Client, grant: Grant, id: number): Promise<Repo> {
  const repo = await findRepo(client, id, grant.before?.["repo"]);
  if (!repo) throw new SystemError({ code: "refused", reason: "the repository was deleted" });
  return repo;
}
