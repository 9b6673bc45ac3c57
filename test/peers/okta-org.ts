import type { OktaSeed, Seen } from "./okta.ts";
import {
  type Answer,
  type Ask,
  fault,
  type Json,
  listAll,
  NO_CONTENT,
  notFound,
  ok,
  paged,
  type Route,
  route,
} from "./okta-inside.ts";

interface Event {
  readonly uuid: string;
  readonly published: string;
  readonly eventType: string;
  readonly actor: Json;
  readonly target: readonly Json[];
  readonly outcome: Json;
}

interface Enrolled {
  readonly id: string;
  readonly user: string;
  readonly factorType: string;
  readonly provider: string;
}

interface OwnRole {
  readonly id: string;
  readonly user: string;
  readonly type: string;
}

/**
 * An Okta organization: users, groups and apps live in the emulator; what it lacks, or does otherwise than Okta, lives
 * here: sessions, refresh tokens, the System Log, factors, administrators' roles, API tokens, apps given to groups,
 * imported groups, background deactivation, search, cursors.
 */
export class OktaOrg {
  readonly #ask: Ask;
  readonly #own: string;
  readonly #log: Event[] = [];
  readonly #factors: Enrolled[] = [];
  readonly #roles: OwnRole[] = [];
  readonly #groupRoles: { readonly group: string; readonly type: string }[] = [];
  readonly #apiTokens: { readonly id: string; readonly name: string; readonly user: string }[] = [];
  readonly #refreshTokens: { readonly id: string; readonly user: string; readonly client: string }[] = [];
  readonly #appGroups: { readonly app: string; readonly group: string }[] = [];
  readonly #features = new Map<string, readonly string[]>();
  readonly #profiles = new Map<string, Json>();
  readonly #imported = new Set<string>();
  readonly #statuses = new Map<string, string>();
  readonly #transitions = new Set<string>();
  readonly #lastLogins = new Map<string, string>();
  #number = 0;
  /** Deactivation stays under way until `finish` is called. */
  slow = false;
  /** The log does not show what is younger than the moment this was set. */
  logUntil = Number.POSITIVE_INFINITY;

  constructor(ask: Ask, own: string) {
    this.#ask = ask;
    this.#own = own;
  }

  /** The id of whoever has this login now. */
  async idOf(login: string): Promise<string> {
    return String(ok(await this.#ask("GET", `/api/v1/users/${encodeURIComponent(login)}`))["id"]);
  }

  async seed(seed: OktaSeed): Promise<void> {
    for (const user of seed.users) {
      const id = await this.idOf(user.login);
      for (const type of user.roles ?? []) this.addRole(id, type);
      for (const factorType of user.factors ?? []) this.addFactor(id, factorType);
      for (const name of user.apiTokens ?? []) this.addApiToken(id, name);
      if (user.signedIn) this.signIn(id, user.signedIn);
    }
    for (const group of seed.groups ?? []) await this.addGroup(group);
    for (const app of seed.apps ?? []) await this.addApp(app);
  }

  async addGroup(group: NonNullable<OktaSeed["groups"]>[number]): Promise<string> {
    const made = ok(await this.#ask("POST", "/api/v1/groups", { profile: { name: group.name } }));
    const id = String(made["id"]);
    if (group.imported) this.#imported.add(id);
    for (const type of group.roles ?? []) this.#groupRoles.push({ group: id, type });
    for (const login of group.members ?? []) {
      ok(await this.#ask("PUT", `/api/v1/groups/${id}/users/${await this.idOf(login)}`));
    }
    return id;
  }

  async addApp(app: NonNullable<OktaSeed["apps"]>[number]): Promise<string> {
    const id = String(ok(await this.#ask("POST", "/api/v1/apps", { name: app.label, label: app.label }))["id"]);
    this.#features.set(id, app.features ?? []);
    for (const login of app.users ?? [])
      ok(await this.#ask("PUT", `/api/v1/apps/${id}/users/${await this.idOf(login)}`));
    for (const name of app.groups ?? []) {
      const groups = await listAll(this.#ask, "/api/v1/groups");
      const group = groups.find((one) => (one["profile"] as Json)["name"] === name);
      if (!group) throw new Error(`this Okta has no group ${name}`);
      this.#appGroups.push({ app: id, group: String(group["id"]) });
    }
    return id;
  }

  addFactor(user: string, factorType: string): string {
    const id = this.#id("ufs");
    this.#factors.push({ id, user, factorType, provider: "OKTA" });
    return id;
  }

  addApiToken(user: string, name: string): string {
    const id = this.#id("00T");
    this.#apiTokens.push({ id, name, user });
    return id;
  }

  addRole(user: string, type: string): void {
    this.#roles.push({ id: this.#id("ra1"), user, type });
  }

  /** A session in a browser, and a refresh token for each of these OAuth clients. */
  signIn(user: string, clients: readonly string[] = []): void {
    const event = this.#write("user.session.start", user, []);
    this.#lastLogins.set(user, event.published);
    for (const client of clients) this.#refreshTokens.push({ id: this.#id("oar"), user, client });
  }

  /** Any status that the emulator does not know, such as LOCKED_OUT. */
  async setStatus(user: string, status: string): Promise<void> {
    const known: Record<string, string> = { SUSPENDED: "suspend", DEPROVISIONED: "deactivate", ACTIVE: "activate" };
    const path = known[status];
    this.#statuses.delete(user);
    if (path) ok(await this.#ask("POST", `/api/v1/users/${user}/lifecycle/${path}`));
    else this.#statuses.set(user, status);
  }

  /** Ends every deactivation that is under way. */
  async finish(): Promise<void> {
    for (const user of this.#transitions) await this.#deprovision(user);
    this.#transitions.clear();
  }

  async rename(from: string, to: string): Promise<void> {
    const id = await this.idOf(from);
    ok(await this.#ask("POST", `/api/v1/users/${id}`, { profile: { login: to, email: to } }));
  }

  async setProfile(user: string, profile: Json): Promise<void> {
    ok(await this.#ask("POST", `/api/v1/users/${user}`, { profile }));
  }

  async addUser(profile: Json): Promise<string> {
    return String(ok(await this.#ask("POST", "/api/v1/users", { profile }))["id"]);
  }

  routes(): readonly Route[] {
    const user = "/api/v1/users/([^/]+)";
    return [
      route("GET", "/api/v1/users", (_, seen) => this.#search(seen)),
      route("GET", user, async ([ref = ""]) => this.#shownUser(await this.#find(ref))),
      this.#userRoute("GET", `${user}/groups`, async (id, _, seen) => paged(await this.#groupsOf(id), seen)),
      this.#userRoute("GET", `${user}/roles`, async (id) => ({ status: 200, body: await this.#rolesOf(id) })),
      this.#userRoute("POST", `${user}/roles`, async (id, _, seen) => this.#assignRole(id, seen)),
      this.#userRoute("DELETE", `${user}/roles/([^/]+)`, async (id, role) =>
        this.#remove(this.#roles, (one) => one.user === id && one.id === role),
      ),
      this.#userRoute("GET", `${user}/factors`, async (id) => ({ status: 200, body: this.#factorsOf(id) })),
      this.#userRoute("DELETE", `${user}/factors/([^/]+)`, (id, factor) => this.#unenroll(id, factor)),
      this.#userRoute("GET", `${user}/clients`, async (id) => ({ status: 200, body: this.#clientsOf(id) })),
      this.#userRoute("GET", `${user}/clients/([^/]+)/tokens`, async (id, client, seen) =>
        this.#tokens(id, client, seen),
      ),
      this.#userRoute("DELETE", `${user}/sessions`, async (id, _, seen) => this.#clearSessions(id, seen)),
      this.#userRoute("POST", `${user}/lifecycle/(\\w+)`, (id, act) => this.#lifecycle(id, act)),
      route("GET", "/api/v1/api-tokens", async (_, seen) => paged(this.#apiTokens.map(shownToken), seen, 50)),
      route("DELETE", "/api/v1/api-tokens/([^/]+)", async ([id]) =>
        this.#remove(this.#apiTokens, (one) => one.id === id),
      ),
      route("GET", "/api/v1/groups/([^/]+)", async ([id = ""]) => this.#group(id)),
      route("PUT", "/api/v1/groups/([^/]+)/users/([^/]+)", ([group = "", id = ""]) => this.#member("PUT", group, id)),
      route("DELETE", "/api/v1/groups/([^/]+)/users/([^/]+)", ([group = "", id = ""]) =>
        this.#member("DELETE", group, id),
      ),
      route("GET", "/api/v1/apps", (_, seen) => this.#apps(seen)),
      route("GET", "/api/v1/apps/([^/]+)/users/([^/]+)", async ([app = "", id = ""]) => {
        const assigned = await this.#assignment(app, id);
        return assigned ? { status: 200, body: assigned } : notFound(`${id} (AppUser)`);
      }),
      route("POST", "/api/v1/apps/([^/]+)/users", ([app = ""], seen) => this.#assign(app, seen)),
      route("DELETE", "/api/v1/apps/([^/]+)/users/([^/]+)", ([app = "", id = ""]) => this.#unassign(app, id)),
      route("GET", "/api/v1/logs", async (_, seen) => this.#events(seen)),
    ];
  }

  #userRoute(method: string, path: string, answer: (id: string, part: string, seen: Seen) => Promise<Answer>): Route {
    return route(method, path, async ([ref = "", part = ""], seen) => {
      const found = await this.#find(ref);
      return found ? answer(String(found["id"]), part, seen) : notFound(`${ref} (User)`);
    });
  }

  #id(prefix: string): string {
    this.#number += 1;
    return `${prefix}${String(this.#number).padStart(17, "0")}`;
  }

  /** By id, by login in any case, by the part of a login before its @, or `me`, as Okta does. */
  async #find(ref: string): Promise<Json | undefined> {
    const wanted = decodeURIComponent(ref);
    const byId = await this.#ask("GET", `/api/v1/users/${encodeURIComponent(wanted === "me" ? this.#own : wanted)}`);
    if (byId.status === 200) return this.#shown(byId.body as Json);
    const users = await listAll(this.#ask, "/api/v1/users");
    const login = (user: Json) => String((user["profile"] as Json)["login"]).toLowerCase();
    const short = users.filter((user) => login(user).split("@")[0] === wanted.toLowerCase());
    const found =
      users.find((user) => login(user) === wanted.toLowerCase()) ?? (short.length === 1 ? short[0] : undefined);
    return found && this.#shown(found);
  }

  #shown(user: Json): Json {
    const id = String(user["id"]);
    return {
      ...user,
      status: this.#statuses.get(id) ?? user["status"],
      lastLogin: this.#lastLogins.get(id) ?? null,
      ...(this.#transitions.has(id) ? { transitioningToStatus: "DEPROVISIONED" } : {}),
    };
  }

  #shownUser(user: Json | undefined): Answer {
    return user ? { status: 200, body: user } : notFound("(User)");
  }

  /** `search` knows every status, the plain list leaves deactivated accounts out. */
  async #search(seen: Seen): Promise<Answer> {
    const users = (await listAll(this.#ask, "/api/v1/users")).map((user) => this.#shown(user));
    const search = seen.query.get("search");
    if (search === null)
      return paged(
        users.filter((user) => user["status"] !== "DEPROVISIONED"),
        seen,
      );
    const [, field, value] = /^profile\.(login|email) eq "([^"]*)"$/.exec(search) ?? [];
    if (field === undefined || value === undefined) return fault(400, "E0000031", "Invalid search criteria.");
    const is = (user: Json) => String((user["profile"] as Json)[field]).toLowerCase() === value.toLowerCase();
    return paged(users.filter(is), seen);
  }

  async #groupsOf(id: string): Promise<Json[]> {
    const { body } = await this.#ask("GET", `/api/v1/users/${id}/groups`);
    const groups = Array.isArray(body) ? (body as Json[]) : [];
    return groups.map((group) => (this.#imported.has(String(group["id"])) ? { ...group, type: "APP_GROUP" } : group));
  }

  async #rolesOf(id: string): Promise<Json[]> {
    const own = this.#roles.filter((role) => role.user === id);
    const groups = new Set((await this.#groupsOf(id)).map((group) => group["id"]));
    const shown = (type: string, assignment: "USER" | "GROUP", of: string, role: string) => ({
      id: role,
      type,
      label: type.toLowerCase().replaceAll("_", " "),
      status: "ACTIVE",
      assignmentType: assignment,
      _links: {
        assignee: { href: `https://acme.okta.com/api/v1/${assignment === "USER" ? "users" : "groups"}/${of}` },
      },
    });
    return [
      ...own.map((role) => shown(role.type, "USER", id, role.id)),
      ...this.#groupRoles
        .filter((role) => groups.has(role.group))
        .map((role) => shown(role.type, "GROUP", role.group, `grp-${role.group}-${role.type}`)),
    ];
  }

  #assignRole(id: string, seen: Seen): Answer {
    const type = String((seen.body as Json)["type"]);
    this.addRole(id, type);
    const made = this.#roles.at(-1);
    return { status: 201, body: { id: made?.id, type, status: "ACTIVE", assignmentType: "USER" } };
  }

  #remove<T>(from: T[], is: (one: T) => boolean): Answer {
    const at = from.findIndex(is);
    if (at < 0) return notFound("(Resource)");
    from.splice(at, 1);
    return NO_CONTENT;
  }

  #factorsOf(id: string): Json[] {
    const own = this.#factors.filter((factor) => factor.user === id);
    return own.map(({ id: factor, factorType, provider }) => ({ id: factor, factorType, provider, status: "ACTIVE" }));
  }

  async #unenroll(id: string, factor: string): Promise<Answer> {
    if ((await this.#find(id))?.["status"] === "DEPROVISIONED")
      return fault(403, "E0000006", "The account is deactivated");
    return this.#remove(this.#factors, (one) => one.user === id && one.id === factor);
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
    if (seen.query.get("oauthTokens") === "true") this.#endTokens(id);
    this.#write("user.session.clear", this.#own, [id]);
    return NO_CONTENT;
  }

  #endTokens(id: string): void {
    const left = this.#refreshTokens.filter((token) => token.user !== id);
    this.#refreshTokens.splice(0, this.#refreshTokens.length, ...left);
  }

  async #lifecycle(id: string, act: string): Promise<Answer> {
    const status = (await this.#find(id))?.["status"];
    const refused = fault(400, "E0000001", "Api validation failed: the account is in another status");
    switch (act) {
      case "suspend":
        return status === "ACTIVE" ? this.#forward(id, act) : refused;
      case "unsuspend":
        return status === "SUSPENDED" ? this.#forward(id, act) : refused;
      case "deactivate":
        if (status === "DEPROVISIONED" || this.#transitions.has(id))
          return fault(403, "E0000016", "already deactivated");
        if (this.slow) this.#transitions.add(id);
        else await this.#deprovision(id);
        return { status: 200, body: {} };
      default:
        return notFound(act);
    }
  }

  async #forward(id: string, act: string): Promise<Answer> {
    ok(await this.#ask("POST", `/api/v1/users/${id}/lifecycle/${act}`));
    return { status: 200, body: {} };
  }

  /** Takes apps, roles, factors and tokens along; groups stay. */
  async #deprovision(id: string): Promise<void> {
    this.#statuses.delete(id);
    await this.#forward(id, "deactivate");
    this.#endTokens(id);
    for (const list of [this.#roles, this.#factors]) {
      const left = list.filter((one) => one.user !== id);
      list.splice(0, list.length, ...(left as never[]));
    }
    for (const app of await listAll(this.#ask, "/api/v1/apps"))
      await this.#ask("DELETE", `/api/v1/apps/${app["id"]}/users/${id}`);
    this.#write("user.lifecycle.deactivate", this.#own, [id]);
  }

  async #group(id: string): Promise<Answer> {
    const answer = await this.#ask("GET", `/api/v1/groups/${id}`);
    if (answer.status !== 200) return notFound(`${id} (UserGroup)`);
    return this.#imported.has(id) ? { ...answer, body: { ...ok(answer), type: "APP_GROUP" } } : answer;
  }

  async #member(method: "PUT" | "DELETE", group: string, id: string): Promise<Answer> {
    const { status, body } = await this.#group(group);
    if (status !== 200) return notFound(`${group} (UserGroup)`);
    if ((body as Json)["type"] !== "OKTA_GROUP") return fault(403, "E0000006", "You cannot change this group");
    const answer = await this.#ask(method, `/api/v1/groups/${group}/users/${id}`);
    return answer.status < 300 ? NO_CONTENT : notFound(id);
  }

  /** The emulator ignores the filter, and knows no apps that groups give. */
  async #apps(seen: Seen): Promise<Answer> {
    const [, id] = /^user\.id eq "([^"]+)"$/.exec(seen.query.get("filter") ?? "") ?? [];
    const apps = await listAll(this.#ask, "/api/v1/apps");
    if (id === undefined) return paged(apps, seen);
    const expanded = seen.query.get("expand") === `user/${id}`;
    const assigned: Json[] = [];
    for (const app of apps) {
      const user = await this.#assignment(String(app["id"]), id);
      const features = this.#features.get(String(app["id"])) ?? [];
      if (user) assigned.push({ ...app, features, ...(expanded ? { _embedded: { user } } : {}) });
    }
    return paged(assigned, seen);
  }

  async #assignment(app: string, id: string): Promise<Json | undefined> {
    const direct = (await listAll(this.#ask, `/api/v1/apps/${app}/users`)).find((user) => user["id"] === id);
    const user = await this.#find(id);
    if (!user || user["status"] === "DEPROVISIONED") return undefined;
    const base = { id, status: "ACTIVE", credentials: { userName: (user["profile"] as Json)["login"] } };
    const profile = this.#profiles.get(`${app}/${id}`) ?? {};
    if (direct) return { ...base, profile, scope: "USER" };
    const groups = new Set((await this.#groupsOf(id)).map((group) => String(group["id"])));
    const through = this.#appGroups.find((one) => one.app === app && groups.has(one.group));
    if (!through) return undefined;
    const href = `https://acme.okta.com/api/v1/groups/${through.group}`;
    return { ...base, profile, scope: "GROUP", _links: { group: { href } } };
  }

  async #assign(app: string, seen: Seen): Promise<Answer> {
    const body = seen.body as Json;
    const id = String(body["id"]);
    const answer = await this.#ask("PUT", `/api/v1/apps/${app}/users/${id}`);
    if (answer.status >= 300) return notFound(app);
    this.#profiles.set(`${app}/${id}`, (body["profile"] ?? {}) as Json);
    return { status: 200, body: (await this.#assignment(app, id)) ?? {} };
  }

  async #unassign(app: string, id: string): Promise<Answer> {
    const assigned = await this.#assignment(app, id);
    if (assigned?.["scope"] === "GROUP") return fault(403, "E0000006", "A group gives this app");
    if (!assigned) return notFound(id);
    await this.#ask("DELETE", `/api/v1/apps/${app}/users/${id}`);
    this.#profiles.delete(`${app}/${id}`);
    return NO_CONTENT;
  }

  #write(eventType: string, actor: string, targets: readonly string[]): Event {
    // Strictly later than the last one, which the clock alone does not promise.
    const last = Date.parse(this.#log.at(-1)?.published ?? "") || 0;
    const event = {
      uuid: `event-${this.#log.length + 1}`,
      published: new Date(Math.max(Date.now(), last + 1)).toISOString(),
      eventType,
      actor: { id: actor, type: "User" },
      target: targets.map((id) => ({ id, type: "User" })),
      outcome: { result: "SUCCESS" },
    };
    this.#log.push(event);
    return event;
  }

  #events(seen: Seen): Answer {
    const filter = seen.query.get("filter");
    const terms = filter === null ? [] : filter.split(" and ").map((term) => /^([\w.]+) eq "([^"]*)"$/.exec(term));
    if (terms.some((term) => term === null)) return fault(400, "E0000053", "Invalid filter");
    const valuesOf: Record<string, (event: Event) => unknown[]> = {
      eventType: (event) => [event.eventType],
      "actor.id": (event) => [event.actor["id"]],
      "target.id": (event) => event.target.map((one) => one["id"]),
      "outcome.result": (event) => [event.outcome["result"]],
    };
    const since = Date.parse(seen.query.get("since") ?? "") || 0;
    const shown = this.#log.filter((event) => {
      const at = Date.parse(event.published);
      return (
        at >= since &&
        at <= this.logUntil &&
        terms.every((term) => valuesOf[term?.[1] ?? ""]?.(event).includes(term?.[2]))
      );
    });
    return paged(seen.query.get("sortOrder") === "DESCENDING" ? shown.reverse() : shown, seen, 100, 1000);
  }
}

function shownToken(token: { readonly id: string; readonly name: string; readonly user: string }): Json {
  return { id: token.id, name: token.name, userId: token.user, clientName: "Okta API" };
}
