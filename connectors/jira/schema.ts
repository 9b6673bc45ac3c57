import { z } from "zod";

// Only the fields that are used, of Jira Cloud's platform API v3 and of the organization's APIs.

export const User = z.object({
  accountId: z.string().min(1),
  /** `atlassian`, `app` or `customer`; kept as text, since Jira may know more. */
  accountType: z.string().nullish(),
  active: z.boolean().nullish(),
  displayName: z.string().nullish(),
  /** Absent or empty where the person, or who manages the account, hides it. */
  emailAddress: z.string().nullish(),
});
export type User = z.infer<typeof User>;

export const Permissions = z.object({
  permissions: z.record(z.string(), z.object({ havePermission: z.boolean().nullish() })),
});

export const PermissionGrants = z.object({ globalPermissions: z.array(z.string()) });

export const Group = z.object({ groupId: z.string().min(1), name: z.string() });
export type Group = z.infer<typeof Group>;

const Lead = z.object({ accountId: z.string() });

export const Project = z.object({
  id: z.string().min(1),
  key: z.string(),
  name: z.string(),
  lead: Lead.nullish(),
});
export type Project = z.infer<typeof Project>;

/** The roles of a project: name to address, and the address ends in the role's id. */
export const RoleAddresses = z.record(z.string(), z.string());

export const Role = z.object({
  id: z.number(),
  name: z.string(),
  /** The role that administers the project. */
  admin: z.boolean().nullish(),
  actors: z
    .array(
      z.object({
        actorUser: z.object({ accountId: z.string() }).nullish(),
        actorGroup: z.object({ groupId: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
});
export type Role = z.infer<typeof Role>;

export const Component = z.object({
  id: z.string().min(1),
  name: z.string(),
  project: z.string().nullish(),
  lead: Lead.nullish(),
});
export type Component = z.infer<typeof Component>;

export const Filter = z.object({
  id: z.string().min(1),
  name: z.string(),
  owner: Lead.nullish(),
  viewUrl: z.string().nullish(),
});

export const Dashboard = z.object({ id: z.string().min(1), name: z.string() });

export const BulkEdit = z.object({
  entityErrors: z.record(z.string(), z.object({ errorMessages: z.array(z.string()).nullish() })).nullish(),
});

const Named = z.object({ id: z.string().nullish(), name: z.string().nullish() });

export const Issue = z.object({
  id: z.string().min(1),
  key: z.string(),
  fields: z.object({
    summary: z.string().nullish(),
    status: z.object({ name: z.string().nullish(), statusCategory: z.object({ key: z.string() }).nullish() }).nullish(),
    assignee: User.nullish(),
    reporter: User.nullish(),
    project: z.object({ id: z.string(), key: z.string(), name: z.string().nullish() }).nullish(),
    components: z.array(Named).nullish(),
    priority: Named.nullish(),
    duedate: z.string().nullish(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
  }),
});
export type Issue = z.infer<typeof Issue>;

/** Steps that a ticket's workflow allows from where it is. */
export const Transitions = z.object({
  transitions: z.array(
    z.object({
      id: z.string(),
      to: z.object({ statusCategory: z.object({ key: z.string() }).nullish() }).nullish(),
    }),
  ),
});

/** One page of a search by token: a short or an empty page is not the last one, only one without a token is. */
export const SearchPage = z.object({ issues: z.array(Issue), nextPageToken: z.string().nullish() });

export const Comment = z.object({
  author: User.nullish(),
  properties: z.array(z.object({ key: z.string(), value: z.unknown() })).nullish(),
});

export type Comment = z.infer<typeof Comment>;

export const Change = z.object({
  items: z.array(z.object({ field: z.string().nullish(), from: z.string().nullish() })).nullish(),
});

/** One page of a list that counts from `startAt`. */
export function pageOf<T>(item: z.ZodType<T>) {
  return z.object({ values: z.array(item), total: z.number().nullish(), isLast: z.boolean().nullish() });
}

export const CommentPage = z.object({ comments: z.array(Comment), total: z.number() });

export const Directories = z.object({
  data: z.array(z.object({ directoryId: z.string().min(1) })),
  links: z.object({ next: z.string().nullish() }).nullish(),
});

/** An account as a directory of the organization holds it. */
export const Membership = z.object({
  accountId: z.string(),
  /** `active`, `inactive` or `closed`. */
  accountStatus: z.string().nullish(),
  /** `active`, `suspended` or `no_membership`. */
  membershipStatus: z.string().nullish(),
  /** `managed` where the organization claimed the domain of its address. */
  claimStatus: z.string().nullish(),
});
export type Membership = z.infer<typeof Membership>;
export const Memberships = z.object({ data: z.array(Membership) });

export const ApiToken = z.object({ id: z.string().min(1), label: z.string() });
export type ApiToken = z.infer<typeof ApiToken>;

export const ErrorAnswer = z.object({
  errorMessages: z.array(z.string()).nullish(),
  errors: z.record(z.string(), z.unknown()).nullish(),
  message: z.string().nullish(),
});
