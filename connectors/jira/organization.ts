import { type Call, type Secret, SystemError, type Tools } from "../connector.ts";
import { found } from "./failure.ts";
import { ApiToken, Directories, type Membership, Memberships } from "./schema.ts";
import { type Answer, openTransport, parse } from "./transport.ts";

// The Atlassian organization above the site. jira.js 6.2 has none of it. Sources:
// https://developer.atlassian.com/cloud/admin/organization/rest/ and .../cloud/admin/user-management/rest/

interface OrganizationOptions {
  readonly orgId: string;
  readonly orgKey: Secret;
  readonly orgApiUrl?: string | undefined;
}

/** What a directory of the organization says about one account. */
export interface Held {
  readonly directoryId: string;
  readonly membership: Membership;
}

/** The organization's APIs with its own key, for one call. */
export interface Organization {
  readonly orgId: string;
  listDirectories(): Promise<readonly string[]>;
  /** The account in every directory that has it. */
  findMemberships(accountId: string): Promise<readonly Held[]>;
  /** Reversible: groups and roles are kept. */
  suspend(directoryId: string, accountId: string): Promise<Answer<unknown> | undefined>;
  restore(directoryId: string, accountId: string): Promise<Answer<unknown> | undefined>;
  /** Of managed accounts only: for others the organization is refused. */
  listTokens(accountId: string): Promise<readonly ApiToken[]>;
  removeToken(accountId: string, tokenId: string): Promise<Answer<unknown> | undefined>;
}

/** Opens the organization's APIs. Its key is sent nowhere else, and the site's token never here. */
export function openOrganization(options: OrganizationOptions, tools: Tools, call: Call): Organization {
  const { orgId, orgKey } = options;
  const transport = openTransport(
    {
      base: options.orgApiUrl ?? "https://api.atlassian.com",
      authorization: () => `Bearer ${orgKey.reveal()}`,
      secrets: [orgKey],
    },
    tools,
    call,
  );
  const root = `/admin/v2/orgs/${encodeURIComponent(orgId)}/directories`;

  async function listDirectories(): Promise<readonly string[]> {
    const ids: string[] = [];
    const seen = new Set<string>();
    for (let cursor: string | undefined; ; ) {
      const { body } = await transport({ method: "GET", path: root, query: { cursor } });
      const { data, links } = parse(Directories, body);
      ids.push(...data.map((one) => one.directoryId));
      cursor = links?.next ?? undefined;
      if (!cursor) return ids;
      if (seen.has(cursor))
        throw new SystemError({ code: "unreachable" }, { message: "a list of directories has no end" });
      seen.add(cursor);
    }
  }

  const userPath = (directoryId: string, accountId: string) =>
    `${root}/${encodeURIComponent(directoryId)}/users/${encodeURIComponent(accountId)}`;
  const tokensPath = (accountId: string) => `/users/${encodeURIComponent(accountId)}/manage/api-tokens`;

  return {
    orgId,
    listDirectories,
    async findMemberships(accountId) {
      const held: Held[] = [];
      for (const directoryId of await listDirectories()) {
        const path = `${root}/${encodeURIComponent(directoryId)}/users`;
        const { body } = await transport({ method: "GET", path, query: { accountIds: accountId } });
        const membership = parse(Memberships, body).data.find((one) => one.accountId === accountId);
        if (membership) held.push({ directoryId, membership });
      }
      return held;
    },
    suspend: (directoryId, accountId) =>
      found(transport({ method: "POST", path: `${userPath(directoryId, accountId)}/suspend` })),
    restore: (directoryId, accountId) =>
      found(transport({ method: "POST", path: `${userPath(directoryId, accountId)}/restore` })),
    async listTokens(accountId) {
      const { body } = await transport({ method: "GET", path: tokensPath(accountId) });
      return parse(ApiToken.array(), body);
    },
    removeToken: (accountId, tokenId) =>
      found(transport({ method: "DELETE", path: `${tokensPath(accountId)}/${encodeURIComponent(tokenId)}` })),
  };
}
