import { type Check, SystemError, startChecks } from "../connector.ts";
import { listAdminGroups, listGroups, listMissing } from "./accounts.ts";
import type { Client } from "./client.ts";
import { listProjects } from "./grants.ts";
import { User } from "./schema.ts";

/** What an operator calls a permission, and what to do where it is missing. */
const PERMISSIONS = {
  ADMINISTER: "Administer Jira, in Settings, System, Global permissions",
  USER_PICKER: "Browse users and groups, in Settings, System, Global permissions",
  BROWSE_PROJECTS: "Browse projects, in the permission scheme of every project",
  ADMINISTER_PROJECTS: "Administer projects, in the permission scheme of every project",
  ASSIGN_ISSUES: "Assign issues, in the permission scheme of every project",
  ADD_COMMENTS: "Add comments, in the permission scheme of every project",
  TRANSITION_ISSUES: "Transition issues, in the permission scheme of every project",
} as const;

/** Says with the real credentials what works and what an operator should change. */
export async function checkCredential(client: Client): Promise<Check[]> {
  const { checks, attempt } = startChecks();
  let own: User | undefined;
  const works = await attempt("token", "check JIRA_SITE, JIRA_EMAIL and JIRA_TOKEN", async () => {
    own = (await client.get(User, (jira, to) => jira.getCurrentUser(to))).body;
    return `belongs to account ${own.accountId}; it dies with this account, and expires after a year at most`;
  });
  if (!works || !own) return checks;
  const { accountId } = own;
  for (const [key, where] of Object.entries(PERMISSIONS)) {
    await attempt(`permission ${key}`, `give ${accountId} ${where}`, async () => {
      const missing = await listMissing(client, [key]);
      if (missing.length > 0) throw new SystemError({ code: "forbidden", scope: key });
      return "held";
    });
  }
  await attempt("site administration", `add ${accountId} to site-admins: only its members change groups`, async () => {
    const { site } = await listAdminGroups(client);
    const group = (await listGroups(client, accountId)).find((one) => site.has(one.groupId));
    if (!group) throw new SystemError({ code: "forbidden", scope: "a group of site administrators" });
    return `by the group ${group.name}`;
  });
  await attempt("projects", "give Browse projects in every project", async () => {
    const projects = await listProjects(client);
    return `${projects.length} can be seen; what is hidden from us is not counted`;
  });
  const { organization } = client;
  if (!organization) {
    const detail = "no JIRA_ORG_KEY: accounts are suspended by hand, and nobody's API tokens are seen";
    checks.push({ name: "organization", ok: true, detail });
    return checks;
  }
  const fix = "make an API key without scopes at admin.atlassian.com, Settings, API keys, and give JIRA_ORG_ID with it";
  await attempt("organization", fix, async () => {
    const held = await organization.findMemberships(accountId);
    const managed = held.some(({ membership }) => membership.claimStatus === "managed");
    if (managed) await organization.listTokens(accountId);
    return `${(await organization.listDirectories()).length} directories`;
  });
  return checks;
}
