import type { Seen } from "./front.ts";
import type { Answer } from "./github-inside.ts";
import type { Permissions } from "./github-seed.ts";

type Row = readonly [method: string, path: RegExp, right: string, level: "read" | "write"];

// What each request needs of a fine-grained token; reading by another method than GET never occurs but in GraphQL.
// https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
const ROWS: readonly Row[] = [
  ["GET", /^\/user(\/\d+)?$|^\/users\/[^/]+(\/keys)?$|^\/orgs\/[^/]+$/, "none", "read"],
  ["GET", /^\/user\/memberships\/orgs\//, "org:members", "read"],
  ["GET", /^\/orgs\/[^/]+\/(members|memberships|invitations|teams)(\/|$)/, "org:members", "read"],
  ["*", /^\/orgs\/[^/]+\/(members|memberships|invitations|teams)(\/|$)/, "org:members", "write"],
  ["GET", /^\/orgs\/[^/]+\/repos$/, "repo:metadata", "read"],
  ["GET", /^\/orgs\/[^/]+\/actions\/secrets(\/|$)/, "org:secrets", "read"],
  ["GET", /^\/repos\/[^/]+\/[^/]+$/, "repo:metadata", "read"],
  ["GET", /^\/repos\/[^/]+\/[^/]+\/(collaborators|forks)(\/|$)/, "repo:metadata", "read"],
  ["*", /^\/repos\/[^/]+\/[^/]+\/collaborators\//, "repo:administration", "write"],
  ["GET", /^\/repos\/[^/]+\/[^/]+\/(invitations|keys)$/, "repo:administration", "read"],
  ["*", /^\/repos\/[^/]+\/[^/]+\/(invitations|keys)(\/|$)/, "repo:administration", "write"],
  ["GET", /^\/repos\/[^/]+\/[^/]+\/hooks$/, "repo:webhooks", "read"],
  ["GET", /^\/repos\/[^/]+\/[^/]+\/actions\/secrets$/, "repo:secrets", "read"],
  ["GET", /^\/repos\/[^/]+\/[^/]+\/(branches|commits|compare)(\/|$)/, "repo:contents", "read"],
  ["POST", /^\/graphql$/, "repo:contents", "read"],
  ["GET", /^\/repos\/[^/]+\/[^/]+\/(issues|assignees)(\/|$)/, "repo:issues", "read"],
  ["*", /^\/repos\/[^/]+\/[^/]+\/issues(\/|$)/, "repo:issues", "write"],
  ["GET", /^\/repos\/[^/]+\/[^/]+\/pulls(\/|$)/, "repo:pull-requests", "read"],
  ["*", /^\/repos\/[^/]+\/[^/]+\/pulls(\/|$)/, "repo:pull-requests", "write"],
];

/** How GitHub refuses what a fine-grained token may not do; undefined when it may. A request of no row needs everything. */
export function refusalOf(seen: Seen, permissions: Permissions): Answer | undefined {
  const row = ROWS.find(([method, path]) => (method === "*" || method === seen.method) && path.test(seen.path));
  const [, , right, level] = row ?? ["", "", "a right that nobody documents", "write"];
  if (right === "none" || permissions[right] === "write" || permissions[right] === level) return undefined;
  const accepted = `${right.replace(/^\w+:/, "").replace("-", "_")}=${level}`;
  return {
    status: 403,
    body: { message: "Resource not accessible by personal access token" },
    headers: { "x-accepted-github-permissions": accepted },
  };
}
