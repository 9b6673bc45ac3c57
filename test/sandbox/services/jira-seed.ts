import { DOCUMENTED_PERMISSIONS, type JiraActors, type JiraIssue, type JiraState } from "./jira-state.ts";

/** What a site starts with. People are named by their account ids, everything else by its name or key. */
export interface JiraSeed {
  /** Host name of the site: `acme.atlassian.net`. */
  readonly site: string;
  /** The API token that is accepted, and the e-mail and account it belongs to. */
  readonly token: string;
  readonly email: string;
  readonly tokenOf: string;
  /** Permissions of that account: those that the connector's README asks for, when absent. */
  readonly permissions?: readonly string[];
  /** The organization's API key. */
  readonly orgKey: string;
  readonly users: readonly {
    readonly accountId: string;
    readonly displayName: string;
    readonly email: string;
    readonly emailHidden?: boolean;
    readonly active?: boolean;
    readonly accountType?: "atlassian" | "app" | "customer";
    readonly managed?: boolean;
    /** Labels of API tokens. */
    readonly apiTokens?: readonly string[];
  }[];
  /** `site-admins` is always there, and the token's account in it. */
  readonly groups?: readonly {
    readonly name: string;
    readonly accessType?: "site-admin" | "admin" | "user";
    readonly members?: readonly string[];
    readonly synced?: boolean;
  }[];
  readonly roles?: readonly {
    readonly name: string;
    readonly admin?: boolean;
    readonly defaultUsers?: readonly string[];
  }[];
  readonly projects?: readonly {
    readonly key: string;
    readonly name: string;
    readonly lead: string;
    readonly archived?: boolean;
    /** Who holds a role, by the role's name. */
    readonly actors?: Readonly<
      Record<string, { readonly users?: readonly string[]; readonly groups?: readonly string[] }>
    >;
    readonly assignable?: readonly string[];
    readonly components?: readonly { readonly name: string; readonly lead?: string }[];
    readonly issues?: readonly {
      readonly summary: string;
      readonly assignee?: string;
      readonly reporter?: string;
      readonly category?: "new" | "indeterminate" | "done";
      readonly priority?: string;
      readonly dueDate?: string;
      /** Names of the project's components. */
      readonly components?: readonly string[];
      readonly comments?: readonly { readonly by: string; readonly text: string }[];
      /** Earlier assignees, the first one first. */
      readonly assignedBefore?: readonly string[];
    }[];
  }[];
  readonly filters?: readonly { readonly name: string; readonly owner: string; readonly shared?: boolean }[];
  readonly dashboards?: readonly { readonly name: string; readonly owner: string; readonly shared?: boolean }[];
}

/** The state that a seed describes. Ids are given in the seed's order, so they are the same each time. */
export function stateOf(seed: JiraSeed): JiraState {
  const state: JiraState = {
    site: seed.site,
    credential: {
      email: seed.email,
      token: seed.token,
      accountId: seed.tokenOf,
      permissions: [...(seed.permissions ?? DOCUMENTED_PERMISSIONS)],
    },
    organization: { id: "0a1b2c3d-org", directoryId: "4e5f6a7b-directory", key: seed.orgKey },
    users: [],
    groups: [],
    roles: [],
    projects: [],
    components: [],
    filters: [],
    dashboards: [],
    issues: [],
    searchPages: [],
    lastId: 10_000,
  };
  state.users = seed.users.map((user) => ({
    accountId: user.accountId,
    displayName: user.displayName,
    emailAddress: user.email,
    emailHidden: user.emailHidden ?? false,
    active: user.active ?? true,
    accountType: user.accountType ?? "atlassian",
    suspended: false,
    managed: user.managed ?? true,
    apiTokens: (user.apiTokens ?? []).map((label) => ({ id: newId(state), label })),
  }));
  for (const group of [
    { name: "site-admins", accessType: "site-admin", members: [seed.tokenOf] } as const,
    ...(seed.groups ?? []),
  ])
    addGroup(state, group);
  state.roles = (seed.roles ?? []).map((role) => ({
    id: Number(newId(state)),
    name: role.name,
    admin: role.admin ?? false,
    defaultUsers: [...(role.defaultUsers ?? [])],
  }));
  for (const project of seed.projects ?? []) addProject(state, project);
  state.filters = (seed.filters ?? []).map((one) => shareable(state, one));
  state.dashboards = (seed.dashboards ?? []).map((one) => shareable(state, one));
  return state;
}

/** The next free id; Jira's are numbers. */
export function newId(state: JiraState): string {
  state.lastId += 1;
  return String(state.lastId);
}

/** Adds a group and gives its id. */
export function addGroup(state: JiraState, group: NonNullable<JiraSeed["groups"]>[number]): string {
  const groupId = `group-${newId(state)}`;
  state.groups.push({
    groupId,
    name: group.name,
    accessType: group.accessType ?? "user",
    members: [...(group.members ?? [])],
    synced: group.synced ?? false,
  });
  return groupId;
}

/** Adds a project with everything in it and gives its id. */
export function addProject(state: JiraState, project: NonNullable<JiraSeed["projects"]>[number]): string {
  const id = newId(state);
  const actors = Object.entries(project.actors ?? {}).map(([name, held]): JiraActors => {
    const role = state.roles.find((one) => one.name === name);
    if (!role) throw new Error(`the seed has no role ${name}`);
    const groups = (held.groups ?? []).map((group) => state.groups.find((one) => one.name === group)?.groupId ?? group);
    return { roleId: role.id, users: [...(held.users ?? [])], groups };
  });
  const { assignable } = project;
  state.projects.push({
    id,
    key: project.key,
    name: project.name,
    lead: project.lead,
    archived: project.archived ?? false,
    actors,
    ...(assignable ? { assignable: [...assignable] } : {}),
  });
  for (const { name, lead } of project.components ?? []) {
    state.components.push({ id: newId(state), name, projectId: id, ...(lead ? { lead } : {}) });
  }
  for (const issue of project.issues ?? []) addIssue(state, id, issue);
  return id;
}

type IssueSeed = NonNullable<NonNullable<JiraSeed["projects"]>[number]["issues"]>[number];

/** Adds an issue to a project and gives its key. */
export function addIssue(state: JiraState, projectId: string, seed: IssueSeed): string {
  const project = state.projects.find((one) => one.id === projectId);
  if (!project) throw new Error(`there is no project ${projectId}`);
  const key = `${project.key}-${state.issues.filter((one) => one.projectId === projectId).length + 1}`;
  const before = seed.assignedBefore ?? [];
  const at = (minute: number) => new Date(Date.UTC(2026, 9, 1, 9, minute)).toISOString().replace("Z", "+0000");
  const issue: JiraIssue = {
    id: newId(state),
    key,
    projectId,
    summary: seed.summary,
    category: seed.category ?? "new",
    priority: seed.priority ?? "Medium",
    ...(seed.dueDate ? { dueDate: seed.dueDate } : {}),
    ...(seed.assignee ? { assignee: seed.assignee } : {}),
    ...(seed.reporter ? { reporter: seed.reporter } : {}),
    componentIds: state.components
      .filter((one) => one.projectId === projectId && seed.components?.includes(one.name))
      .map((one) => one.id),
    created: at(0),
    updated: at(30),
    comments: (seed.comments ?? []).map(({ by, text }, index) => ({
      id: newId(state),
      author: by,
      body: textDocument(text),
      created: at(index + 1),
      properties: [],
    })),
    changes: before.map((from, index) => {
      const to = before[index + 1] ?? seed.assignee;
      return {
        id: newId(state),
        author: from,
        created: at(index + 10),
        field: "assignee",
        from,
        ...(to ? { to } : {}),
      };
    }),
  };
  state.issues.push(issue);
  return key;
}

/** Plain text as a document of Atlassian's format. */
export function textDocument(text: string): unknown {
  return { type: "doc", version: 1, content: [{ type: "paragraph", content: [{ type: "text", text }] }] };
}

function shareable(
  state: JiraState,
  one: { readonly name: string; readonly owner: string; readonly shared?: boolean },
) {
  return { id: newId(state), name: one.name, owner: one.owner, shared: one.shared ?? true };
}
