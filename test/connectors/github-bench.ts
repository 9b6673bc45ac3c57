import type { Person } from "../../connectors/connector.ts";
import { github } from "../../connectors/github/index.ts";
import { type GitHubPeer, type GitHubSeed, type Rule, startGitHub } from "../peers/github.ts";
import type { Bench, Misbehaviour, Stranger } from "./conformance.ts";

export const TOKEN = "ghp_0123456789abcdefSECRET";

/** An organization of five with one bot; Alice and Mallory are not in it yet. */
export const SEED: GitHubSeed = {
  org: "Acme",
  token: TOKEN,
  tokenOf: "root-owner",
  scopes: ["repo", "admin:org", "user"],
  users: [
    { login: "root-owner", name: "Root" },
    { login: "Alice-Dev", name: "Alice" },
    { login: "mallory", name: "Alice" },
    { login: "bob", name: "Bob" },
    { login: "carol", name: "Carol" },
    { login: "build-bot", name: "Build", type: "Bot" },
    { login: "outsider", name: "Outside" },
  ],
  members: [{ login: "root-owner", role: "admin" }, { login: "bob" }, { login: "carol" }, { login: "build-bot" }],
};

const ALICE: Person = {
  id: "person-1",
  name: "Alice",
  emails: ["alice@example.com"],
  logins: { "github:acme": ["alice-dev"] },
  active: true,
};

const EVIL = "\u202Eevil\0\ud800name";
const everything = () => true;
const writes: Rule["when"] = (request) => request.method !== "GET";

const RULES: Record<Misbehaviour, readonly Rule[]> = {
  well: [],
  "page-fails": [{ when: (request) => request.query.get("page") === "2", then: "bad-gateway" }],
  "does-nothing": [{ when: writes, then: "ignore" }],
  "answer-lost": [{ when: writes, then: "cut-after" }],
  "rate-limited": [{ when: everything, then: "secondary-limit" }],
  forbidden: [{ when: (request) => request.path !== "/user", then: "forbid" }],
  unreachable: [{ when: everything, then: "cut" }],
};

/** A bench on a fresh GitHub, which is there for a test's own questions too. */
export interface GitHubBench extends Bench {
  readonly peer: GitHubPeer;
}

/** Starts a GitHub with this seed and connects to it. */
export async function startBench(seed: GitHubSeed = SEED): Promise<GitHubBench> {
  const peer = await startGitHub({ seed });
  const system = github({ org: seed.org.toLowerCase(), token: TOKEN, apiUrl: peer.url }).connect({ fetch });
  const teams: string[] = [];
  const repos: string[] = [];

  const addTeams = async (count: number, logins: readonly string[]) => {
    for (let index = 0; index < count; index += 1) {
      const name = `team-${teams.length + 1}`;
      await peer.addTeam({ name, members: logins.map((login) => ({ login })) });
      teams.push(name);
    }
  };
  const give: Record<string, (login: string) => Promise<void> | void> = {
    "org-membership": (login) => peer.addMember(login, "member"),
    "org-invitation": (login) => peer.inviteMember(login, "member"),
    "team-membership": (login) => addTeams(1, [login]),
    "repo-collaborator": (login) => addRepo("collaborators", login),
    "repo-invitation": (login) => addRepo("invitations", login),
  };
  const addRepo = async (what: "collaborators" | "invitations", login: string) => {
    const name = `repo-${repos.length + 1}`;
    const other = { login: "outsider", permission: "pull" };
    await peer.addRepo({ name, [what]: [other, { login, permission: "push" }] });
    repos.push(name);
  };
  let kind = "org-membership";

  return {
    peer,
    system,
    secrets: [TOKEN],
    person: ALICE,
    namesake: { ...ALICE, id: "person-2", logins: {} },
    async grant(count) {
      if (count === 0) return;
      await peer.addMember("alice-dev", "member");
      await addTeams(count - 1, ["alice-dev"]);
    },
    async grantOf(of) {
      kind = of;
      await give[of]?.("alice-dev");
    },
    behave(how) {
      peer.behave(...RULES[how]);
    },
    async replaceLogin() {
      await give[kind]?.("mallory");
      const id = peer.people.get("mallory").id;
      peer.people.rename("alice-dev", "alice-elsewhere");
      peer.people.rename("mallory", "alice-dev");
      return strangerOf(peer, seed.org, "alice-dev", id, teams, repos);
    },
    async nameBadly() {
      peer.people.get("alice-dev").name = EVIL;
      await peer.addRepo({
        name: "odd",
        issues: [{ title: EVIL, author: "bob", assignees: ["alice-dev"] }],
        pulls: [{ title: EVIL, author: "bob", reviewers: ["alice-dev"] }],
      });
    },
    async stop() {
      await peer.stop();
      if (peer.faults.length > 0) throw new Error(`GitHub does not document:\n${peer.faults.join("\n")}`);
    },
  };
}

function strangerOf(
  peer: GitHubPeer,
  org: string,
  login: string,
  id: number,
  teams: readonly string[],
  repos: readonly string[],
): Stranger {
  const has = async (path: string) => JSON.stringify((await peer.look(path)) ?? null).includes(`"id":${id},`);
  return {
    async holds() {
      const places = [
        `/orgs/${org}/memberships/${login}`,
        ...teams.map((team) => `/orgs/${org}/teams/${team}/members?per_page=100`),
        ...repos.flatMap((repo) => [`/repos/${org}/${repo}/collaborators`, `/repos/${org}/${repo}/invitations`]),
      ];
      const held: string[] = [];
      for (const place of places) if (await has(place)) held.push(place);
      return held;
    },
  };
}
