import postgres from "postgres";
import { z } from "zod";
import { emailOf, jiraIdOf } from "../sandbox/company.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

/** What Alice can reach in each of Acme's systems. What the machine has no server for is left out. */
export interface Access {
  readonly github: { readonly member: boolean; readonly collaborator: boolean; readonly teams: number };
  readonly postgres: { readonly canLogIn: boolean; readonly sessions: number };
  readonly okta: { readonly active: boolean; readonly groups: number; readonly refreshTokens: number };
  readonly jira: { readonly suspended: boolean; readonly groups: number; readonly tokens: number };
  readonly hosts?: {
    readonly root: boolean;
    readonly deploy: boolean;
    readonly own: boolean;
    readonly session: boolean;
  };
  readonly directory?: { readonly groups: number; readonly locked: boolean };
}

const Members = z.array(z.object({ login: z.string() }));
const User = z.object({ status: z.string() });
const Listed = z.array(z.unknown()).catch([]);

/** Asks the systems themselves, past Signoff; on hosts by trying to log in with her keys. */
export async function accessOf(box: Sandbox): Promise<Access> {
  const [github, database, okta, hosts, directory] = await Promise.all([
    onGitHub(box),
    onPostgres(box),
    onOkta(box),
    onHosts(box),
    box.directory?.look("alice"),
  ]);
  return {
    github,
    postgres: database,
    okta,
    jira: onJira(box),
    ...(hosts ? { hosts } : {}),
    ...(directory ? { directory: { groups: directory.groups.length, locked: directory.locked } } : {}),
  };
}

/** What she can reach before anything is taken. */
export function allAccess({ hosts, directory }: Sandbox): Access {
  return {
    github: { member: true, collaborator: true, teams: 3 },
    postgres: { canLogIn: true, sessions: 1 },
    okta: { active: true, groups: 4, refreshTokens: 2 },
    jira: { suspended: false, groups: 3, tokens: 1 },
    ...(hosts ? { hosts: { root: true, deploy: true, own: true, session: true } } : {}),
    ...(directory ? { directory: { groups: 5, locked: false } } : {}),
  };
}

/** What is left when everything is taken. */
export function noAccess({ hosts, directory }: Sandbox): Access {
  return {
    github: { member: false, collaborator: false, teams: 0 },
    postgres: { canLogIn: false, sessions: 0 },
    okta: { active: false, groups: 0, refreshTokens: 0 },
    jira: { suspended: true, groups: 0, tokens: 0 },
    ...(hosts ? { hosts: { root: false, deploy: false, own: false, session: false } } : {}),
    ...(directory ? { directory: { groups: 0, locked: true } } : {}),
  };
}

async function onGitHub({ github }: Sandbox): Promise<Access["github"]> {
  const isIn = (answer: unknown) => Members.parse(answer).some(({ login }) => login === "alice-nguyen");
  const teams = await Promise.all(
    ["engineering", "payments", "platform"].map((team) => github.look(`/orgs/acme/teams/${team}/members`)),
  );
  return {
    teams: teams.filter(isIn).length,
    member: isIn(await github.look("/orgs/acme/members")),
    collaborator: isIn(await github.look("/repos/acme/ledger/collaborators")),
  };
}

async function onPostgres({ target }: Sandbox): Promise<Access["postgres"]> {
  const admin = postgres(target.superUrl, { max: 1 });
  try {
    const [role] = await admin`
      select rolcanlogin, (select count(*)::int from pg_stat_activity where usename = 'alice') as sessions
      from pg_roles where rolname = 'alice'`;
    return { canLogIn: role?.["rolcanlogin"] === true, sessions: Number(role?.["sessions"]) };
  } finally {
    await admin.end();
  }
}

async function onOkta({ okta }: Sandbox): Promise<Access["okta"]> {
  const id = await okta.org.idOf(emailOf("alice"));
  const clients = z
    .array(z.object({ client_id: z.string() }))
    .catch([])
    .parse(await okta.look(`/api/v1/users/${id}/clients`));
  const groups = Listed.parse(await okta.look(`/api/v1/users/${id}/groups`));
  return {
    active: User.parse(await okta.look(`/api/v1/users/${id}`)).status === "ACTIVE",
    groups: groups.length,
    refreshTokens: clients.length,
  };
}

function onJira({ jira }: Sandbox): Access["jira"] {
  const id = jiraIdOf("alice");
  const account = jira.state.users.find(({ accountId }) => accountId === id);
  return {
    suspended: account?.suspended === true,
    groups: jira.state.groups.filter(({ members }) => members.includes(id)).length,
    tokens: account?.apiTokens.length ?? 0,
  };
}

async function onHosts({ hosts }: Sandbox): Promise<Access["hosts"]> {
  if (!hosts) return undefined;
  const [root, deploy, own] = await Promise.all([
    hosts.login("db1.acme.example", "root", "alice", "laptop"),
    hosts.login("build1.acme.example", "deploy", "alice", "workstation"),
    hosts.login("web1.acme.example", "alice", "alice", "laptop"),
  ]);
  return { root, deploy, own, session: hosts.sessionIsOpen() };
}
