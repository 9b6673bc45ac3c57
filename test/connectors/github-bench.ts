import type { Person } from "../../connectors/connector.ts";
import { github } from "../../connectors/github/index.ts";
import { type GitHubPeer, type Rule, startGitHub } from "../peers/github.ts";
import type { GitHubSeed, Permissions } from "../peers/github-seed.ts";
import type { Bench, Misbehaviour, Stranger } from "./conformance.ts";

export const TOKEN = "ghp_0123456789abcdefSECRET";

/** Exactly the rights of a fine-grained token that the connector's README asks for. */
export const RIGHTS: Permissions = {
  "org:members": "write",
  "org:secrets": "read",
  "repo:administration": "write",
  "repo:contents": "read",
  "repo:issues": "write",
  "repo:metadata": "read",
  "repo:pull-requests": "write",
  "repo:secrets": "read",
  "repo:webhooks": "read",
};

/** An organization of five with one bot; Alice and Mallory are not in it yet. */
export const SEED: GitHubSeed = {
  org: "Acme",
  token: TOKEN,
  tokenOf: "root-owner",
  permissions: RIGHTS,
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
  const addRepo = async (what: "collaborators" | "invitations", login: string) => {
    const name = `repo-${repos.length + 1}`;
    const other = { login: "outsider", permission: "pull" };
    await peer.addRepo({ name, [what]: [other, { login, permission: "push" }] });
    repos.push(name);
  };
  const addKeys = async (count: number, login: string) => {
    const name = `repo-${repos.length + 1}`;
    const addedBy = login;
    const keys = Array.from({ length: count }, (_, index) => ({
      title: `key ${index}`,
      key: `ssh-ed25519 ${Buffer.from(`${login} ${index}`).toString("base64")}`,
      addedBy,
    }));
    await peer.addRepo({ name, keys: [{ title: "ci", key: "ssh-ed25519 AAAA", addedBy: "bob" }, ...keys] });
    repos.push(name);
  };
  const give: Record<string, (login: string) => Promise<void> | void> = {
    "org-membership": (login) => peer.addMember(login, "member"),
    "org-invitation": (login) => peer.inviteMember(login, "member"),
    "email-invitation": (login) => peer.inviteAddress(`${login.replace("-dev", "")}@example.com`, "member"),
    "team-membership": (login) => addTeams(1, [login]),
    "repo-collaborator": async (login) => {
      await peer.addMember(login, "member");
      await addRepo("collaborators", login);
    },
    "outside-collaborator": (login) => addRepo("collaborators", login),
    "repo-invitation": (login) => addRepo("invitations", login),
    "deploy-key": (login) => addKeys(1, login),
  };
  let kind = "org-membership";

  return {
    peer,
    system,
    secrets: [TOKEN],
    get person() {
      // An invitation to an address belongs to no account.
      return kind === "email-invitation" ? { ...ALICE, logins: {} } : ALICE;
    },
    namesake: { ...ALICE, id: "person-2", emails: [], logins: {} },
    async grant(count) {
      if (count === 0) return;
      if (count > 101) {
        await addKeys(count, "alice-dev");
        return;
      }
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
        keys: [{ title: EVIL, key: "ssh-ed25519 AAAAE", addedBy: "alice-dev" }],
        files: [{ path: "CODEOWNERS", text: `${EVIL} @alice-dev`, by: "bob" }],
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
  const marks = [`"id":${id},`, `"added_by":"${login}"`, '"email":"mallory@example.com"'];
  const has = async (path: string) => {
    const said = JSON.stringify((await peer.look(path)) ?? null);
    return marks.some((mark) => said.includes(mark));
  };
  return {
    async holds() {
      const places = [
        `/orgs/${org}/memberships/${login}`,
        `/orgs/${org}/invitations`,
        ...teams.map((team) => `/orgs/${org}/teams/${team}/members?per_page=100`),
        ...repos.flatMap((repo) => [
          `/repos/${org}/${repo}/collaborators`,
          `/repos/${org}/${repo}/invitations`,
          `/repos/${org}/${repo}/keys`,
        ]),
      ];
      const held: string[] = [];
      for (const place of places) if (await has(place)) held.push(place);
      return held;
    },
  };
}
