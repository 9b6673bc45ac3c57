import type { Person } from "../../connectors/connector.ts";
import { jira } from "../../connectors/jira/index.ts";
import {
  addGroup,
  addProject,
  isChange,
  type JiraSeed,
  type JiraService,
  type JiraState,
  type Rule,
  startJira,
} from "../sandbox/services/jira.ts";
import type { Bench, Misbehaviour, Stranger } from "./conformance.ts";

export const TOKEN = "ATATT3xSECRETtoken0123456789";
export const ORG_KEY = "ATCTT3xSECRETkey0123456789";
export const SITE = "acme.atlassian.net";
export const OWN = "712020:own-signoff";
export const ALICE = "712020:alice-0001";
export const BOB = "712020:bob-0002";
export const MALLORY = "712020:mallory-0003";

/** A site with a service account, Alice, Bob and Mallory, who hold nothing yet. */
export const SEED: JiraSeed = {
  site: SITE,
  token: TOKEN,
  email: "signoff@acme.example",
  tokenOf: OWN,
  orgKey: ORG_KEY,
  users: [
    { accountId: OWN, displayName: "Signoff", email: "signoff@acme.example" },
    { accountId: ALICE, displayName: "Alice Example", email: "alice@acme.example" },
    { accountId: BOB, displayName: "Bob Example", email: "bob@acme.example" },
    { accountId: MALLORY, displayName: "Alice Example", email: "mallory@acme.example" },
  ],
  groups: [{ name: "jira-administrators", accessType: "admin" }],
  roles: [{ name: "Administrators", admin: true }, { name: "Developers" }],
};

export const PERSON: Person = {
  id: "person-1",
  name: "Alice Example",
  emails: [],
  logins: { [`jira:${SITE}`]: [`id:${ALICE}`] },
  active: true,
};

const EVIL = "\u202Eevil\0\ud800name";
const everything = () => true;

const RULES: Record<Misbehaviour, readonly Rule[]> = {
  well: [],
  "page-fails": [{ when: ({ query }) => Number(query.get("startAt")) > 0, then: "bad-gateway" }],
  "does-nothing": [{ when: isChange, then: "ignore" }],
  "answer-lost": [{ when: isChange, then: "cut-after" }],
  "rate-limited": [{ when: everything, then: "too-many" }],
  forbidden: [{ when: ({ path }) => path !== "/rest/api/3/myself", then: "forbid" }],
  unreachable: [{ when: everything, then: "cut" }],
};

/** A bench on a fresh Jira, which is there for a test's own questions too. */
export interface JiraBench extends Bench {
  readonly peer: JiraService;
}

/** What a test changes of the ordinary bench. */
export interface Change {
  readonly seed?: Partial<JiraSeed>;
  /** The connector is not given the organization's key. */
  readonly withoutOrganization?: boolean;
}

/** Starts a Jira with this seed and connects to it. */
export async function startBench(change: Change = {}): Promise<JiraBench> {
  const peer = await startJira({ seed: { ...SEED, ...change.seed } });
  const organization = { orgId: peer.orgId, orgKey: ORG_KEY, orgApiUrl: peer.orgUrl };
  const site = { site: SITE, email: SEED.email, token: TOKEN, apiUrl: peer.url };
  const system = jira(change.withoutOrganization ? site : { ...site, ...organization }).connect({ fetch });
  const { state } = peer;
  let names = 0;
  const fresh = (name: string) => {
    names += 1;
    return `${name}-${names}`;
  };
  const give: Record<string, (to: string) => unknown> = {
    account: () => undefined,
    group: (to) => addGroup(state, { name: fresh("group"), members: [to] }),
    "project-role": (to) => {
      const key = fresh("P").replace("-", "");
      addProject(state, { key, name: key, lead: BOB, actors: { Developers: { users: [to] } } });
    },
    "default-role": (to) => state.roles[1]?.defaultUsers.push(to),
    "api-token": (to) => userOf(state, to).apiTokens.push({ id: fresh("token"), label: "laptop" }),
  };

  return {
    peer,
    system,
    secrets: [TOKEN, ORG_KEY],
    person: PERSON,
    namesake: { ...PERSON, id: "person-2", logins: {} },
    /** An active account is a grant of its own; a deactivated one keeps what it has. */
    async grant(count) {
      if (count === 0) userOf(state, ALICE).active = false;
      // So many projects that their list has pages; the rest are groups.
      for (let index = 1; index < count; index += 1) await give[index <= 60 ? "project-role" : "group"]?.(ALICE);
    },
    async grantOf(kind) {
      await give[kind]?.(ALICE);
    },
    behave(how) {
      peer.behave(...RULES[how]);
    },
    /** Jira has no logins: what somebody else can take over is the name and the address. */
    async replaceLogin() {
      for (const kind of Object.keys(give)) await give[kind]?.(MALLORY);
      const [alice, mallory] = [userOf(state, ALICE), userOf(state, MALLORY)];
      mallory.emailAddress = alice.emailAddress;
      alice.emailAddress = "alice.elsewhere@acme.example";
      return strangerOf(state, MALLORY);
    },
    async nameBadly() {
      userOf(state, ALICE).displayName = EVIL;
      addGroup(state, { name: EVIL, members: [ALICE] });
      addProject(state, {
        key: "EVIL",
        name: EVIL,
        lead: ALICE,
        components: [{ name: EVIL, lead: ALICE }],
        issues: [{ summary: EVIL, assignee: ALICE, reporter: MALLORY }],
      });
      state.filters.push({ id: "901", name: EVIL, owner: ALICE, shared: false });
      state.dashboards.push({ id: "902", name: EVIL, owner: ALICE, shared: true });
    },
    async stop() {
      await peer.stop();
      if (peer.faults.length > 0) throw new Error(`Jira does not document:\n${peer.faults.join("\n")}`);
    },
  };
}

export function userOf(state: JiraState, accountId: string) {
  const user = state.users.find((one) => one.accountId === accountId);
  if (!user) throw new Error(`the peer has no user ${accountId}`);
  return user;
}

function strangerOf(state: JiraState, accountId: string): Stranger {
  return {
    async holds() {
      const user = userOf(state, accountId);
      const roles = state.projects.flatMap(({ key, actors }) =>
        actors.filter(({ users }) => users.includes(accountId)).map(({ roleId }) => `${key}/${roleId}`),
      );
      return [
        JSON.stringify([user.active, user.suspended, user.apiTokens]),
        ...state.groups.filter(({ members }) => members.includes(accountId)).map(({ name }) => name),
        ...state.roles.filter(({ defaultUsers }) => defaultUsers.includes(accountId)).map(({ name }) => name),
        ...roles,
      ];
    },
  };
}
