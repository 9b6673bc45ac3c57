import { z } from "zod";

// Only the fields that are used, of Okta's management API (https://developer.okta.com/docs/api/).

/** A status is kept as text: one that is not known yet must not read as "cannot sign in". */
export const User = z.object({
  id: z.string().min(1),
  status: z.string(),
  /** Set while a change of status is under way. */
  transitioningToStatus: z.string().nullish(),
  statusChanged: z.string().nullish(),
  lastLogin: z.string().nullish(),
  profile: z.object({
    login: z.string(),
    email: z.string().nullish(),
    firstName: z.string().nullish(),
    lastName: z.string().nullish(),
    displayName: z.string().nullish(),
    managerId: z.string().nullish(),
    timezone: z.string().nullish(),
  }),
});
export type User = z.infer<typeof User>;

const Href = z.object({ href: z.string() });

/** An administrator's role: given to the user, or through a group, which `_links.assignee` then names. */
export const Role = z.object({
  id: z.string().min(1),
  type: z.string(),
  label: z.string().nullish(),
  status: z.string().nullish(),
  assignmentType: z.string().nullish(),
  /** Of custom roles only. */
  role: z.string().nullish(),
  "resource-set": z.string().nullish(),
  _links: z.object({ assignee: Href.nullish() }).nullish(),
});
export type Role = z.infer<typeof Role>;

export const Group = z.object({
  id: z.string().min(1),
  type: z.string(),
  profile: z.object({ name: z.string() }),
});
export type Group = z.infer<typeof Group>;

export const Factor = z.object({
  id: z.string().min(1),
  factorType: z.string(),
  provider: z.string().nullish(),
  status: z.string().nullish(),
});
export type Factor = z.infer<typeof Factor>;

/** What Okta tells about an API token; its value is shown once only, to who made it. */
export const ApiToken = z.object({
  id: z.string().min(1),
  name: z.string(),
  userId: z.string().nullish(),
});
export type ApiToken = z.infer<typeof ApiToken>;

/** One account's assignment to one app. */
export const AppUser = z.object({
  id: z.string().min(1),
  /** `GROUP` when a group gives it, which `_links.group` then names. */
  scope: z.string(),
  credentials: z.object({ userName: z.string().nullish() }).nullish(),
  profile: z.record(z.string(), z.unknown()).nullish(),
  _links: z.object({ group: Href.nullish() }).nullish(),
});
export type AppUser = z.infer<typeof AppUser>;

/** An app that was asked for with one account's assignment. */
export const AssignedApp = z.object({
  id: z.string().min(1),
  label: z.string(),
  features: z.array(z.string()).nullish(),
  _embedded: z.object({ user: AppUser }),
});
export type AssignedApp = z.infer<typeof AssignedApp>;

export const OAuthClient = z.object({ client_id: z.string().min(1) });

export const RefreshToken = z.object({ id: z.string().min(1) });

/** One line of the System Log. */
export const LogEvent = z.object({
  uuid: z.string().min(1),
  published: z.string(),
  eventType: z.string(),
  actor: z.object({ id: z.string().nullish() }).nullish(),
  target: z.array(z.object({ id: z.string().nullish() })).nullish(),
  outcome: z.object({ result: z.string().nullish() }).nullish(),
  client: z.object({ ipAddress: z.string().nullish() }).nullish(),
});
export type LogEvent = z.infer<typeof LogEvent>;

export const ErrorAnswer = z.object({ errorCode: z.string().optional(), errorSummary: z.string().optional() });
