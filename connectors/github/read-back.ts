import { type Grant, type Reading, SystemError } from "../connector.ts";
import { findById, getStanding, type Standing } from "./accounts.ts";
import type { Answer, Client } from "./client.ts";
import { isInvitation, listInvitations } from "./invitations.ts";
import { isKey, listKeys } from "./keys.ts";
import { findRepo, findTeam, orgGrantId, readHolding, readMembership } from "./reads.ts";
import { SimpleUser, TeamMembership } from "./schema.ts";

/** What a grant's id names. */
export interface Place {
  readonly kind: "org" | "team" | "repo" | "key" | "invitation";
  readonly id: number;
  /** Within the repository, for keys. */
  readonly key?: number;
}

/** Reads `org:1`, `team:2`, `repo:3`, `key:3/4`, `invitation:5`. */
export function placeOf(grant: Grant): Place {
  const [, kind, id] = /^(org|team|repo|invitation):(\d+)$/.exec(grant.id) ?? [];
  if ((kind === "org" || kind === "team" || kind === "repo" || kind === "invitation") && id) {
    return { kind, id: Number(id) };
  }
  const [, repo, key] = /^key:(\d+)\/(\d+)$/.exec(grant.id) ?? [];
  if (repo && key) return { kind: "key", id: Number(repo), key: Number(key) };
  throw new SystemError({ code: "refused", reason: `${grant.id} is no grant of GitHub` });
}

/**
 * Reads afresh: the account's id is looked for in complete lists, and an invitation by the login that this id has now.
 * The credential's rights are read first, since GitHub shows less, without saying so, to one that has fewer.
 */
export async function readBack(client: Client, grant: Grant): Promise<Reading> {
  const standing = await getStanding(client);
  const place = placeOf(grant);
  switch (place.kind) {
    case "org":
      return readOrg(client, grant, standing);
    case "team":
      return readTeam(client, grant, place.id);
    case "repo":
      return readRepo(client, grant, place.id);
    case "key":
      return readKey(client, grant, place.id, place.key ?? 0);
    case "invitation":
      return readInvitation(client, grant, place.id);
    default:
      return place.kind satisfies never;
  }
}

async function readOrg(client: Client, grant: Grant, standing: Standing): Promise<Reading> {
  if (grant.id !== orgGrantId(standing)) {
    throw new SystemError({ code: "conflict", blockers: [`${client.org} is another organization now`] });
  }
  const members = await client.list(SimpleUser, "GET /orgs/{org}/members", { org: client.org });
  const listed = members.items.some((member) => String(member.id) === grant.account);
  const user = await findById(client, grant.account);
  const membership = user && (await readMembership(client, user.login, grant.account));
  return reading(client, listed || membership !== undefined, members.last, {
    request: `GET /orgs/${client.org}/members, GET /orgs/${client.org}/memberships/{login}`,
    answer: { members: members.items.length, pages: members.pages, listed, membership: membership?.state ?? null },
    account: grant.account,
  });
}

async function readTeam(client: Client, grant: Grant, id: number): Promise<Reading> {
  const team = await findTeam(client, id);
  if (!team) {
    return reading(client, false, undefined, {
      request: `GET /orgs/${client.org}/teams`,
      answer: { team: id, exists: false },
      account: grant.account,
    });
  }
  const at = { org: client.org, team_slug: team.slug };
  const members = await client.list(SimpleUser, "GET /orgs/{org}/teams/{team_slug}/members", at);
  const listed = members.items.some((member) => String(member.id) === grant.account);
  const user = await findById(client, grant.account);
  const route = "GET /orgs/{org}/teams/{team_slug}/memberships/{username}";
  const membership = user && (await client.find(TeamMembership, route, { ...at, username: user.login }));
  return reading(client, listed || membership !== undefined, members.last, {
    request: `GET /orgs/${client.org}/teams/${team.slug}/members, GET …/memberships/{login}`,
    answer: { team: id, members: members.items.length, listed, membership: membership?.body.state ?? null },
    account: grant.account,
  });
}

async function readRepo(client: Client, grant: Grant, id: number): Promise<Reading> {
  const repo = await findRepo(client, id, grant.before?.["repo"]);
  if (!repo) {
    const answer = { repository: id, exists: false };
    return reading(client, false, undefined, {
      request: `GET /orgs/${client.org}/repos`,
      answer,
      account: grant.account,
    });
  }
  const read = await readHolding(client, repo, grant.account);
  return reading(client, read.holding !== undefined, read.last, {
    request: `GET /repos/${repo.full_name}/collaborators?affiliation=direct, GET /repos/${repo.full_name}/invitations`,
    answer: {
      repository: id,
      collaborators: read.collaborators,
      invitations: read.invitations ?? null,
      role: read.holding?.role ?? null,
      invitation: read.holding?.invitation ?? null,
    },
    account: grant.account,
  });
}

/** A key is there as long as the repository takes it, under whatever id. */
async function readKey(client: Client, grant: Grant, repoId: number, id: number): Promise<Reading> {
  const repo = await findRepo(client, repoId, grant.before?.["repo"]);
  if (!repo) {
    const request = `GET /orgs/${client.org}/repos`;
    return reading(client, false, undefined, {
      request,
      answer: { repository: repoId, exists: false },
      account: grant.account,
    });
  }
  const keys = await listKeys(client, repo);
  const found = keys.items.find(isKey(grant, id));
  return reading(client, found !== undefined, keys.last, {
    request: `GET /repos/${repo.full_name}/keys`,
    answer: { repository: repoId, keys: keys.items.length, pages: keys.pages, key: found?.id ?? null },
    account: grant.account,
  });
}

async function readInvitation(client: Client, grant: Grant, id: number): Promise<Reading> {
  const waiting = await listInvitations(client);
  const found = waiting.items.find(isInvitation(grant, id));
  return reading(client, found !== undefined, waiting.last, {
    request: `GET /orgs/${client.org}/invitations`,
    answer: { invitations: waiting.items.length, pages: waiting.pages, invitation: found?.id ?? null },
    account: grant.account,
  });
}

interface Seen {
  readonly request: string;
  readonly account: string;
  /** Only what decided the reading: whole lists name everybody else. */
  readonly answer: Readonly<Record<string, string | number | boolean | null>>;
}

function reading(client: Client, present: boolean, last: Answer<unknown> | undefined, seen: Seen): Reading {
  return {
    state: present ? "present" : "absent",
    readAt: client.call.now(),
    ...(last?.theirTime ? { theirTime: last.theirTime } : {}),
    evidence: {
      request: seen.request,
      ...(last?.requestId ? { requestId: last.requestId } : {}),
      answer: JSON.stringify({ account: seen.account, ...seen.answer }),
    },
  };
}
