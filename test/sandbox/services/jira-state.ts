// What a Jira Cloud site and the Atlassian organization above it hold. Plain data, so that emulate can seed and reset it.

/** Who has an account. `accountId` never changes; everything else can. */
export interface JiraUser {
  accountId: string;
  displayName: string;
  emailAddress: string;
  /** The person hid their address: nobody is shown it, and searches by it find nothing. */
  emailHidden: boolean;
  /** A deactivated Atlassian account. */
  active: boolean;
  accountType: "atlassian" | "app" | "customer";
  /** Access to this directory is suspended; groups and roles are kept. */
  suspended: boolean;
  /** Of a domain that the organization claimed. */
  managed: boolean;
  apiTokens: { id: string; label: string }[];
}

export interface JiraGroup {
  groupId: string;
  name: string;
  /** What membership gives: administration of the site or of Jira, or use. */
  accessType: "site-admin" | "admin" | "user";
  members: string[];
  /** An identity provider fills it: Jira refuses to change it. */
  synced: boolean;
}

export interface JiraRole {
  id: number;
  name: string;
  admin: boolean;
  /** Who gets the role in every new project. */
  defaultUsers: string[];
}

export interface JiraActors {
  roleId: number;
  users: string[];
  /** Ids of groups. */
  groups: string[];
}

export interface JiraProject {
  id: string;
  key: string;
  name: string;
  lead: string;
  archived: boolean;
  actors: JiraActors[];
  /** Who can be assigned there; every active account when absent. */
  assignable?: string[];
}

export interface JiraComponent {
  id: string;
  name: string;
  projectId: string;
  lead?: string;
}

/** A filter or a dashboard. One that is not shared is shown to its owner only. */
export interface JiraShareable {
  id: string;
  name: string;
  owner: string;
  shared: boolean;
}

export interface JiraComment {
  id: string;
  author: string;
  body: unknown;
  created: string;
  properties: { key: string; value: unknown }[];
}

export interface JiraChange {
  id: string;
  author: string;
  created: string;
  field: string;
  from?: string;
  to?: string;
}

export interface JiraIssue {
  id: string;
  key: string;
  projectId: string;
  summary: string;
  /** Key of the status's category: `new`, `indeterminate`, `done`. */
  category: "new" | "indeterminate" | "done";
  priority: string;
  dueDate?: string;
  assignee?: string;
  reporter?: string;
  componentIds: string[];
  created: string;
  updated: string;
  comments: JiraComment[];
  changes: JiraChange[];
}

/** The credentials that are accepted, whose they are and what that account may do. */
export interface JiraCredential {
  email: string;
  token: string;
  accountId: string;
  /** Keys of permissions, project permissions in every project. */
  permissions: string[];
}

export interface JiraOrganization {
  id: string;
  directoryId: string;
  key: string;
}

/** The whole state of the stand-in. */
export interface JiraState {
  site: string;
  credential: JiraCredential;
  organization: JiraOrganization;
  users: JiraUser[];
  groups: JiraGroup[];
  roles: JiraRole[];
  projects: JiraProject[];
  components: JiraComponent[];
  filters: JiraShareable[];
  dashboards: JiraShareable[];
  issues: JiraIssue[];
  /** What searches still answer from; the issues themselves when absent. */
  searchIndex?: JiraIssue[];
  /** Lengths of the pages that searches answer, whatever was asked for; then as asked. */
  searchPages: number[];
  /** Searches answer this token with every page. */
  stuckToken?: string;
  lastId: number;
}

/** Every right that Signoff's documentation asks for. */
export const DOCUMENTED_PERMISSIONS = [
  "ADMINISTER",
  "USER_PICKER",
  "BROWSE_PROJECTS",
  "ADMINISTER_PROJECTS",
  "ASSIGN_ISSUES",
  "ADD_COMMENTS",
  "TRANSITION_ISSUES",
] as const;
