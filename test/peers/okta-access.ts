import type { Seen } from "./front.ts";
import {
  type Answer,
  fault,
  type Json,
  NO_CONTENT,
  notFound,
  paged,
  type Route,
  route,
  type Users,
  userRoute,
} from "./okta-inside.ts";
import type { OktaLog } from "./okta-log.ts";

interface Held {
  readonly id: string;
  readonly user: string;
}

/** What the emulator lacks of what an account holds: sessions, refresh tokens, factors, administrators' roles, API tokens. */
export class OktaAccess {
  readonly #users: Users;
  readonly #log: OktaLog;
  readonly #factors: (Held & { readonly factorType: string; readonly provider: string })[] = [];
  readonly #roles: (Held & { readonly type: string; readonly custom?: Json })[] = [];
  readonly #groupRoles: { readonly group: string; readonly type: string }[] = [];
  readonly #apiTokens: (Held & { readonly name: string })[] = [];
  readonly #refreshTokens: (Held & { readonly client: string })[] = [];
  readonly #lastLogins = new Map<string, string>();
  #number = 0;

  constructor(users: Users, log: OktaLog) {
    this.#users = users;
    this.#log = log;
  }

  routes(): readonly Route[] {
    const user = "/api/v1/users/([^/]+)";
    const users = this.#users;
    return [
      userRoute(users, "GET", `${user}/roles`, async (id) => ({ status: 200, body: await this.#rolesOf(id) })),
      userRoute(users, "POST", `${user}/roles`, async (id, _, seen) => this.#assignRole(id, seen)),
      userRoute(users, "DELETE", `${user}/roles/([^/]+)`, async (id, role) =>
        remove(this.#roles, (one) => one.user === id && one.id === role),
      ),
      userRoute(users, "GET", `${user}/factors`, async (id) => ({ status: 200, body: this.#factorsOf(id) })),
      userRoute(users, "DELETE", `${user}/factors/([^/]+)`, (id, factor) => this.#unenroll(id, factor)),
      userRoute(users, "GET", `${user}/clients`, async (id) => ({ status: 200, body: this.#clientsOf(id) })),
      userRoute(users, "GET", `${user}/clients/([^/]+)/tokens`, async (id, of, seen) => this.#tokens(id, of, seen)),
      userRoute(users, "DELETE", `${user}/sessions`, async (id, _, seen) => this.#clearSessions(id, seen)),
      route("GET", "/api/v1/api-tokens", async (_, seen) => paged(this.#apiTokens.map(shownToken), seen)),
      route("DELETE", "/api/v1/api-tokens/([^/]+)", async ([id]) => remove(this.#apiTokens, (one) => one.id === id)),
    ];
  }

  addFactor(user: string, factorType: string): void {
    this.#factors.push({
      id: this.#id("ufs"),
      user,
      factorType,
      provider: factorType === "webauthn" ? "FIDO" : "OKTA",
    });
  }

  addApiToken(user: string, name: string): void {
    this.#apiTokens.push({ id: this.#id("00T"), name, user });
  }

  /** `custom` names role and resource set of a custom role. */
  addRole(user: string, type: string, custom?: Json): void {
    this.#roles.push({ id: this.#id("ra1"), user, type, ...(custom ? { custom } : {}) });
  }

  addGroupRole(group: string, type: string): void {
    this.#groupRoles.push({ group, type });
  }

  /** A session in a browser, and a refresh token for each of these OAuth clients. */
  signIn(user: string, clients: readonly string[] = []): void {
    this.#lastLogins.set(user, this.#log.write("user.session.start", user, []).published);
    for (const client of clients) this.#refreshTokens.push({ id: this.#id("oar"), user, client });
  }

  lastLoginOf(user: string): string | null {
    return this.#lastLogins.get(user) ?? null;
  }

  /** What ends with an account that is deactivated. */
  takeAll(user: string): void {
    for (const list of [this.#roles, this.#factors, this.#refreshTokens]) keepOthers(list, user);
  }

  #id(prefix: string): string {
    this.#number += 1;
    return `${prefix}${String(this.#number).padStart(17, "0")}`;
  }

  async #rolesOf(id: string): Promise<Json[]> {
    const groups = new Set((await this.#users.groupsOf(id)).map((group) => group["id"]));
    const own = this.#roles.filter((role) => role.user === id);
    const through = this.#groupRoles.filter((role) => groups.has(role.group));
    return [
      ...own.map((role) => ({ ...shownRole(role.id, role.type, "USER", `users/${id}`), ...role.custom })),
      ...through.map(({ group, type }) => shownRole(`grp-${group}-${type}`, type, "GROUP", `groups/${group}`)),
    ];
  }

  #assignRole(id: string, seen: Seen): Answer {
    const { type, ...custom } = seen.body as Json;
    this.addRole(id, String(type), custom);
    return { status: 201, body: shownRole(this.#roles.at(-1)?.id ?? "", String(type), "USER", `users/${id}`) };
  }

  #factorsOf(id: string): Json[] {
    const own = this.#factors.filter((factor) => factor.user === id);
    return own.map(({ id: factor, factorType, provider }) => ({ id: factor, factorType, provider, status: "ACTIVE" }));
  }

  async #unenroll(id: string, factor: string): Promise<Answer> {
    const status = (await this.#users.find(id))?.["status"];
    if (status === "DEPROVISIONED") return fault(403, "E0000006", "The account is deactivated");
    return remove(this.#factors, (one) => one.user === id && one.id === factor);
  }

  #clientsOf(id: string): Json[] {
    const clients = new Set(this.#refreshTokens.filter((token) => token.user === id).map((token) => token.client));
    return [...clients].map((client_id) => ({ client_id, client_name: client_id }));
  }

  #tokens(id: string, client: string, seen: Seen): Answer {
    const own = this.#refreshTokens.filter((token) => token.user === id && token.client === client);
    if (own.length === 0) return notFound("(Client)");
    return paged(
      own.map((token) => ({ id: token.id, clientId: client, userId: id, status: "ACTIVE" })),
      seen,
    );
  }

  #clearSessions(id: string, seen: Seen): Answer {
    if (seen.query.get("oauthTokens") === "true") keepOthers(this.#refreshTokens, id);
    this.#log.write("user.session.clear", this.#users.own, [id]);
    return NO_CONTENT;
  }
}

function shownRole(id: string, type: string, assignmentType: "USER" | "GROUP", assignee: string): Json {
  const href = `https://acme.okta.com/api/v1/${assignee}`;
  const label = type.toLowerCase().replaceAll("_", " ");
  return { id, type, label, status: "ACTIVE", assignmentType, _links: { assignee: { href } } };
}

function shownToken(token: Held & { readonly name: string }): Json {
  return { id: token.id, name: token.name, userId: token.user, clientName: "Okta API" };
}

function remove<T>(from: T[], is: (one: T) => boolean): Answer {
  const at = from.findIndex(is);
  if (at < 0) return notFound("(Resource)");
  from.splice(at, 1);
  return NO_CONTENT;
}

function keepOthers(list: Held[], user: string): void {
  for (let at = list.length - 1; at >= 0; at -= 1) if (list[at]?.user === user) list.splice(at, 1);
}
