import { z } from "zod";

// GitHub's answers, only the fields that are used. https://docs.github.com/en/rest

export const SimpleUser = z.object({ id: z.number().int(), login: z.string(), type: z.string() });
export type SimpleUser = z.infer<typeof SimpleUser>;

export const User = SimpleUser.extend({ name: z.string().nullish(), html_url: z.string().optional() });
export type User = z.infer<typeof User>;

/** `ssh-ed25519 AAAA…`, as anybody sees it on a profile. */
export const PublicKey = z.object({ key: z.string() });

export const Org = z.object({
  id: z.number().int(),
  login: z.string(),
  /** What every member may do in every repository; only owners are told. */
  default_repository_permission: z.string().nullish(),
});
export type Org = z.infer<typeof Org>;

/** `direct_membership: false`: it comes through teams of the enterprise and does not end in this organization. */
export const Membership = z.object({
  state: z.enum(["active", "pending"]),
  role: z.string(),
  direct_membership: z.boolean().optional(),
  enterprise_teams_providing_indirect_membership: z.array(z.string()).optional(),
  user: SimpleUser.nullish(),
});
export type Membership = z.infer<typeof Membership>;

export const Team = z.object({
  id: z.number().int(),
  slug: z.string(),
  name: z.string(),
  parent: z.object({ id: z.number().int() }).nullish(),
});
export type Team = z.infer<typeof Team>;

export const TeamMembership = z.object({ state: z.enum(["active", "pending"]), role: z.string() });

export const Repo = z.object({
  id: z.number().int(),
  node_id: z.string(),
  name: z.string(),
  full_name: z.string(),
  private: z.boolean().optional(),
  archived: z.boolean().optional(),
  default_branch: z.string().optional(),
  forks_count: z.number().int().optional(),
  has_issues: z.boolean().optional(),
  open_issues_count: z.number().int().optional(),
});
export type Repo = z.infer<typeof Repo>;

export const Collaborator = SimpleUser.extend({ role_name: z.string() });

export const RepoInvitation = z.object({
  id: z.number().int(),
  permissions: z.string(),
  /** Null when it was sent to an e-mail address. */
  invitee: SimpleUser.nullish(),
});

/** `login` is null when it was sent to an e-mail address. */
export const OrgInvitation = z.object({
  id: z.number().int(),
  login: z.string().nullable(),
  email: z.string().nullable(),
  role: z.string(),
});
export type OrgInvitation = z.infer<typeof OrgInvitation>;

/** The public half, without the comment it may have been given with. */
export const DeployKey = z.object({
  id: z.number().int(),
  key: z.string(),
  title: z.string(),
  read_only: z.boolean(),
  /** The login at the time; null for keys of apps and of deleted accounts. */
  added_by: z.string().nullish(),
  last_used: z.string().nullish(),
});
export type DeployKey = z.infer<typeof DeployKey>;

/** The address may hold a password: it is never shown whole. */
export const Hook = z.object({
  id: z.number().int(),
  active: z.boolean(),
  events: z.array(z.string()),
  config: z.object({ url: z.string().optional() }),
});
export type Hook = z.infer<typeof Hook>;

export const TeamRepo = Repo.extend({ permissions: z.object({ push: z.boolean() }).optional() });

export const ActionsSecret = z.object({
  name: z.string(),
  visibility: z.enum(["all", "private", "selected"]).optional(),
});
export type ActionsSecret = z.infer<typeof ActionsSecret>;

export const Fork = Repo.extend({ owner: SimpleUser });
export type Fork = z.infer<typeof Fork>;

export const Branch = z.object({ name: z.string() });

export const Comparison = z.object({ ahead_by: z.number().int() });

export const Pull = z.object({
  number: z.number().int(),
  title: z.string(),
  state: z.string(),
  html_url: z.string(),
  /** Null for an account that no longer exists. */
  user: SimpleUser.nullish(),
  draft: z.boolean().optional(),
  created_at: z.string(),
  updated_at: z.string(),
  assignees: z.array(SimpleUser).nullish(),
  requested_reviewers: z.array(SimpleUser).nullish(),
  /** Only when one pull request is read, not in lists. */
  additions: z.number().int().optional(),
  deletions: z.number().int().optional(),
  head: z.object({ sha: z.string() }).optional(),
});
export type Pull = z.infer<typeof Pull>;

export const CheckRuns = z.object({
  check_runs: z.array(z.object({ status: z.string(), conclusion: z.string().nullish() })),
});

/** Pull requests are issues too: `pull_request` tells them apart. */
export const Issue = z.object({
  number: z.number().int(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  html_url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  user: SimpleUser.nullish(),
  assignees: z.array(SimpleUser).nullish(),
  pull_request: z.unknown().optional(),
});
export type Issue = z.infer<typeof Issue>;

export const Comment = z.object({ id: z.number().int(), body: z.string().nullish(), user: SimpleUser.nullish() });

export const Review = z.object({ user: SimpleUser.nullish(), state: z.string() });

/** `author` is null, or empty, where GitHub knows no account for the e-mail. */
export const Commit = z.object({ author: SimpleUser.nullish().catch(null) });
export type Commit = z.infer<typeof Commit>;

/** Groups of an identity provider that fill a team. */
export const GroupMappings = z.object({ groups: z.array(z.unknown()).nullish() });
