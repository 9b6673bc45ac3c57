import type { Person } from "../../connectors/connector.ts";
import { okta } from "../../connectors/okta/index.ts";
import { type OktaPeer, type OktaSeed, type Rule, startOkta } from "../peers/okta.ts";
import type { Bench, Misbehaviour, Stranger } from "./conformance.ts";

export const TOKEN = "00SECRETtoken-0123456789abcdefghijklmnopqr";
export const DOMAIN = "acme.okta.com";
export const LOGIN = "alice@acme.example";

/** An organization with a service administrator, Alice and Mallory, who hold nothing yet. */
export const SEED: OktaSeed = {
  token: TOKEN,
  tokenOf: "signoff@acme.example",
  users: [
    { login: "signoff@acme.example", roles: ["SUPER_ADMIN"] },
    { login: LOGIN, firstName: "Alice", lastName: "Example" },
    { login: "mallory@acme.example", firstName: "Alice", lastName: "Example" },
    { login: "bob@acme.example", apiTokens: ["Bob's script"], signedIn: [] },
  ],
};

export const ALICE: Person = {
  id: "person-1",
  name: "Alice Example",
  emails: [],
  logins: { "okta:acme.okta.com": [LOGIN] },
  active: true,
};

const EVIL = "\u202Eevil\0\ud800name";
const everything = () => true;
const writes: Rule["when"] = (request) => request.method !== "GET";

const RULES: Record<Misbehaviour, readonly Rule[]> = {
  well: [],
  "page-fails": [{ when: (request) => request.query.has("after"), then: "bad-gateway" }],
  "does-nothing": [{ when: writes, then: "ignore" }],
  "answer-lost": [{ when: writes, then: "cut-after" }],
  "rate-limited": [{ when: everything, then: "too-many" }],
  forbidden: [{ when: (request) => request.path !== "/api/v1/users/me", then: "forbid" }],
  unreachable: [{ when: everything, then: "cut" }],
};

/** A bench on a fresh Okta, which is there for a test's own questions too. */
export interface OktaBench extends Bench {
  readonly peer: OktaPeer;
}

/** Starts an Okta with this seed and connects to it. */
export async function startBench(seed: OktaSeed = SEED): Promise<OktaBench> {
  const peer = await startOkta({ seed });
  const system = okta({ domain: DOMAIN, token: TOKEN, apiUrl: peer.url }).connect({ fetch });
  const { org } = peer;
  const id = await org.idOf(LOGIN);
  let names = 0;
  const fresh = (name: string) => {
    names += 1;
    return `${name}-${names}`;
  };
  const give: Record<string, (login: string, user: string) => unknown> = {
    session: (_, user) => org.access.signIn(user, ["0oaWebClient"]),
    factor: (_, user) => org.access.addFactor(user, "push"),
    "api-token": (_, user) => org.access.addApiToken(user, fresh("token")),
    "admin-role": (_, user) => org.access.addRole(user, "READ_ONLY_ADMIN"),
    group: (login) => org.addGroup({ name: fresh("group"), members: [login] }),
    app: (login) => org.addApp({ label: fresh("app"), users: [login] }),
    account: () => undefined,
    lifecycle: () => undefined,
  };
  let kind = "account";

  return {
    peer,
    system,
    secrets: [TOKEN],
    person: ALICE,
    namesake: { ...ALICE, id: "person-2", logins: {} },
    /** An active account has two grants of its own; a deactivated one keeps its groups. */
    async grant(count) {
      if (count < 2) await org.setStatus(id, "DEPROVISIONED");
      const others = count < 2 ? count : count - 2;
      for (let index = 0; index < others; index += 1) await give["group"]?.(LOGIN, id);
    },
    async grantOf(of) {
      kind = of;
      await give[of]?.(LOGIN, id);
    },
    behave(how) {
      peer.behave(...RULES[how]);
    },
    async replaceLogin() {
      const stranger = await org.idOf("mallory@acme.example");
      await give[kind]?.("mallory@acme.example", stranger);
      await org.rename(LOGIN, "alice.elsewhere@acme.example");
      await org.rename("mallory@acme.example", LOGIN);
      return strangerOf(peer, stranger);
    },
    async nameBadly() {
      await org.setProfile(id, { displayName: EVIL, firstName: EVIL });
      await org.addGroup({ name: EVIL, members: [LOGIN] });
    },
    async stop() {
      await peer.stop();
      if (peer.faults.length > 0) throw new Error(`Okta does not document:\n${peer.faults.join("\n")}`);
    },
  };
}

function strangerOf(peer: OktaPeer, id: string): Stranger {
  return {
    async holds() {
      const at = `/api/v1/users/${id}`;
      const apps = `/api/v1/apps?filter=${encodeURIComponent(`user.id eq "${id}"`)}`;
      const lists = [`${at}/groups`, `${at}/roles`, `${at}/factors`, `${at}/clients`, apps];
      const held = [JSON.stringify(await peer.look(at))];
      for (const list of lists) held.push(JSON.stringify(await peer.look(list)));
      const tokens = (await peer.look("/api/v1/api-tokens")) as { readonly userId: string }[];
      held.push(JSON.stringify(tokens.filter((token) => token.userId === id)));
      return held;
    },
  };
}
