import { z } from "zod";
import { type Check, SystemError, startChecks } from "../connector.ts";
import { getStanding, NEEDED_SCOPES } from "./accounts.ts";
import type { Client } from "./client.ts";
import { readViews } from "./files.ts";
import { listInvitations } from "./invitations.ts";
import { Org, Repo, User } from "./schema.ts";

/** Says with the real credential what works and what an operator should change. What it may write shows only in use. */
export async function checkCredential(client: Client): Promise<Check[]> {
  const { checks, attempt } = startChecks();
  const works = await attempt("token", "check GITHUB_TOKEN and GITHUB_API_URL", async () => {
    const own = await client.get(User, "GET /user");
    const ends = own.headers["github-authentication-token-expiration"];
    const until = typeof ends === "string" ? `, until ${ends}` : "";
    return `belongs to ${own.body.login} (id ${own.body.id})${until}`;
  });
  if (!works) return checks;
  await attempt("organization", `check GITHUB_ORG and that the token may see ${client.org}`, async () => {
    const org = await client.get(Org, "GET /orgs/{org}", { org: client.org });
    return `${org.body.login} (id ${org.body.id})`;
  });
  const isOwner = await attempt(
    "rights",
    `use a token of an owner of ${client.org} with ${NEEDED_SCOPES.join(" and ")}, or a fine-grained one with Members`,
    async () => {
      await getStanding(client);
      const own = await client.get(User, "GET /user");
      return own.headers["x-oauth-scopes"] === undefined
        ? "owner; a fine-grained token must be given all repositories, which GitHub does not tell us"
        : `owner with ${NEEDED_SCOPES.join(" and ")}`;
    },
  );
  if (isOwner) checks.push(await checkReads(client));
  return checks;
}

/** Tries one request for each right of a fine-grained token, and names all that are missing at once. */
async function checkReads(client: Client): Promise<Check> {
  const name = "reads";
  const { org } = client;
  const repos = await client.get(Repo.array(), "GET /orgs/{org}/repos", { org, type: "all", per_page: 1 });
  const [repo] = repos.body;
  const inRepo = (path: string) => {
    const at = { owner: org, repo: repo?.name ?? "", per_page: 1 };
    return () => client.get(z.unknown(), `GET /repos/{owner}/{repo}/${path}`, at);
  };
  const probes: readonly (readonly [right: string, probe: () => Promise<unknown>])[] = [
    ["Members (organization, write)", () => listInvitations(client)],
    ["Secrets (organization, read)", () => client.get(z.unknown(), "GET /orgs/{org}/actions/secrets", { org })],
    ...(repo
      ? ([
          ["Administration (repository, write)", inRepo("keys")],
          ["Contents (repository, read)", () => readViews(client, [repo], { id: "0", login: org })],
          ["Secrets (repository, read)", inRepo("actions/secrets")],
          ["Webhooks (repository, read)", inRepo("hooks")],
          ["Issues (repository, write)", inRepo("issues")],
          ["Pull requests (repository, write)", inRepo("pulls")],
        ] as const)
      : []),
  ];
  const missing: string[] = [];
  for (const [right, probe] of probes) {
    try {
      await probe();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.failure.code !== "forbidden") return { name, ok: false, fix: `${error.message}: try again` };
      missing.push(right);
    }
  }
  if (missing.length > 0) return { name, ok: false, fix: `give the token ${missing.join(", ")}` };
  return { name, ok: true, detail: repo ? "every kind of list answers" : "there is no repository to try it on" };
}
