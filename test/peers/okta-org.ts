import type { Seen } from "./front.ts";
import type { OktaSeed } from "./okta.ts";
import { OktaAccess } from "./okta-access.ts";
import { OktaApps } from "./okta-apps.ts";
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
  type Users,
  userRoute,
} from "./okta-inside.ts";
import { OktaLog } from "./okta-log.ts";

/**
 * An Okta organization: users, groups and apps live in the emulator, and what it lacks, or does otherwise than Okta, in
 * front of it. Here: search, cursors, imported groups, statuses that it does not know, deactivation in the background.
 */
export class OktaOrg implements Users {
  readonly own: string;
  readonly log = new OktaLog();
  readonly access: OktaAccess;
  readonly apps: OktaApps;
  readonly #ask: Ask;
  readonly #imported = new Set<string>();
  readonly #statuses = new Map<string, string>();
  readonly #transitions = new Set<string>();
  /** Deactivation stays under way until `finish` is called. */
  slow = false;

  constructor(ask: Ask, own: string) {
    this.#ask = ask;
    this.own = own;
    this.access = new OktaAccess(this, this.log);
    this.apps = new OktaApps(ask, this);
  }

  async seed(seed: OktaSeed): Promise<void> {
    for (const user of seed.users) {
      const id = await this.idOf(user.login);
      for (const type of user.roles ?? []) this.access.addRole(id, type);
      for (const factorType of user.factors ?? []) this.access.addFactor(id, factorType);
      for (const name of user.apiTokens ?? []) this.access.addApiToken(id, name);
      if (user.signedIn) this.access.signIn(id, user.signedIn);
    }
    for (const group of seed.groups ?? []) await this.addGroup(group);
    for (const app of seed.apps ?? []) await this.addApp(app);
  }

  /** The id of whoever has this login now. */
  async idOf(login: string): Promise<string> {
    return String(ok(await this.#ask("GET", `/api/v1/users/${encodeURIComponent(login)}`))["id"]);
  }

  async addUser(profile: Json): Promise<string> {
    return String(ok(await this.#ask("POST", "/api/v1/users", { profile }))["id"]);
  }

  async setProfile(user: string, profile: Json): Promise<void> {
    ok(await this.#ask("POST", `/api/v1/users/${user}`, { profile }));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.setProfile(await this.idOf(from), { login: to, email: to });
  }

  async deleteUser(user: string): Promise<void> {
    await this.setStatus(user, "DEPROVISIONED");
    ok(await this.#ask("DELETE", `/api/v1/users/${user}`));
  }

  /** Any status, also those that the emulator does not know, such as LOCKED_OUT. */
  async setStatus(user: string, status: string): Promise<void> {
    const known: Record<string, string> = { SUSPENDED: "suspend", DEPROVISIONED: "deactivate", ACTIVE: "activate" };
    this.#statuses.delete(user);
    if (known[status]) await this.#forward(user, known[status]);
    else this.#statuses.set(user, status);
  }

  async addGroup(group: NonNullable<OktaSeed["groups"]>[number]): Promise<string> {
    const made = ok(await this.#ask("POST", "/api/v1/groups", { profile: { name: group.name } }));
    const id = String(made["id"]);
    if (group.imported) this.#imported.add(id);
    for (const type of group.roles ?? []) this.access.addGroupRole(id, type);
    for (const login of group.members ?? []) {
      ok(await this.#ask("PUT", `/api/v1/groups/${id}/users/${await this.idOf(login)}`));
    }
    return id;
  }

  async addApp(app: NonNullable<OktaSeed["apps"]>[number]): Promise<string> {
    const all = await listAll(this.#ask, "/api/v1/groups");
    const groups = (app.groups ?? []).map((name) => {
      const group = all.find((one) => (one["profile"] as Json)["name"] === name);
      if (!group) throw new Error(`this Okta has no group ${name}`);
      return String(group["id"]);
    });
    const users = await Promise.all((app.users ?? []).map((login) => this.idOf(login)));
    return this.apps.add(app.label, { users, groups, features: app.features ?? [] });
  }

  /** Puts somebody into the group of all, as Okta does with everybody; the emulator does not. */
  async joinEveryone(user: string): Promise<void> {
    ok(await this.#ask("PUT", `/api/v1/groups/${EVERYONE}/users/${user}`));
  }

  /** Ends every deactivation that is under way. */
  async finish(): Promise<void> {
    for (const user of this.#transitions) await this.#deprovision(user);
    this.#transitions.clear();
  }

  routes(): readonly Route[] {
    const user = "/api/v1/users/([^/]+)";
    const member = "/api/v1/groups/([^/]+)/users/([^/]+)";
    return [
      route("GET", "/api/v1/users", (_, seen) => this.#search(seen)),
      route("GET", user, async ([ref = ""]) => {
        const found = await this.find(ref);
        return found ? { status: 200, body: found } : notFound("(User)");
      }),
      userRoute(this, "GET", `${user}/groups`, async (id, _, seen) => paged(await this.groupsOf(id), seen)),
      userRoute(this, "POST", `${user}/lifecycle/(\\w+)`, (id, act) => this.#lifecycle(id, act)),
      route("GET", "/api/v1/groups/([^/]+)", async ([id = ""]) => this.#group(id)),
      route("GET", "/api/v1/groups/([^/]+)/users", ([id = ""], seen) => this.#membersOf(id, seen)),
      route("PUT", member, ([group = "", id = ""]) => this.#member("PUT", group, id)),
      route("DELETE", member, ([group = "", id = ""]) => this.#member("DELETE", group, id)),
      route("GET", "/api/v1/logs", async (_, seen) => this.log.answer(seen)),
      ...this.access.routes(),
      ...this.apps.routes(),
    ];
  }

  /** By id, by login in any case, by the part of a login before its @, or `me`, as Okta does. */
  async find(ref: string): Promise<Json | undefined> {
    const wanted = decodeURIComponent(ref);
    const direct = await this.#ask("GET", `/api/v1/users/${encodeURIComponent(wanted === "me" ? this.own : wanted)}`);
    if (direct.status === 200) return this.#shown(direct.body as Json);
    const users = await listAll(this.#ask, "/api/v1/users");
    const login = (user: Json) => String((user["profile"] as Json)["login"]).toLowerCase();
    const short = users.filter((user) => login(user).split("@")[0] === wanted.toLowerCase());
    const whole = users.find((user) => login(user) === wanted.toLowerCase());
    const found = whole ?? (short.length === 1 ? short[0] : undefined);
    return found && this.#shown(found);
  }

  async groupsOf(id: string): Promise<Json[]> {
    const { body } = await this.#ask("GET", `/api/v1/users/${id}/groups`);
    const groups = Array.isArray(body) ? (body as Json[]) : [];
    return groups.map((group) => this.#shownGroup(group));
  }

  /** The emulator gives them all at once. */
  async #membersOf(group: string, seen: Seen): Promise<Answer> {
    const { status, body } = await this.#ask("GET", `/api/v1/groups/${group}/users`);
    if (status !== 200) return notFound(`${group} (UserGroup)`);
    return paged(
      (body as Json[]).map((user) => this.#shown(user)),
      seen,
    );
  }

  /** The emulator writes null for a description that there is not. */
  #shownGroup(group: Json): Json {
    const { name, description } = group["profile"] as Json;
    const profile = { name, ...(typeof description === "string" ? { description } : {}) };
    return { ...group, profile, ...(this.#imported.has(String(group["id"])) ? { type: "APP_GROUP" } : {}) };
  }

  #shown(user: Json): Json {
    const id = String(user["id"]);
    return {
      ...user,
      status: this.#statuses.get(id) ?? user["status"],
      lastLogin: this.access.lastLoginOf(id),
      ...(this.#transitions.has(id) ? { transitioningToStatus: "DEPROVISIONED" } : {}),
    };
  }

  /** `search` knows every status, the plain list leaves deactivated accounts out. */
  async #search(seen: Seen): Promise<Answer> {
    const users = (await listAll(this.#ask, "/api/v1/users")).map((user) => this.#shown(user));
    const search = seen.query.get("search");
    if (seen.query.get("filter") === 'status eq "DEPROVISIONED"') {
      return paged(
        users.filter((user) => user["status"] === "DEPROVISIONED"),
        seen,
        200,
      );
    }
    const living = users.filter((user) => user["status"] !== "DEPROVISIONED");
    if (search === null) return paged(living, seen, 200);
    const [, field, value] = /^profile\.(login|email) eq "([^"]*)"$/.exec(search) ?? [];
    if (field === undefined || value === undefined) return fault(400, "E0000031", "Invalid search criteria.");
    const is = (user: Json) => String((user["profile"] as Json)[field]).toLowerCase() === value.toLowerCase();
    return paged(users.filter(is), seen, 200);
  }

  async #lifecycle(id: string, act: string): Promise<Answer> {
    const status = (await this.find(id))?.["status"];
    const refused = fault(400, "E0000001", "Api validation failed: the account is in another status");
    switch (act) {
      case "suspend":
        return status === "ACTIVE" ? this.#forward(id, act) : refused;
      case "unsuspend":
        return status === "SUSPENDED" ? this.#forward(id, act) : refused;
      case "deactivate":
        if (status === "DEPROVISIONED" || this.#transitions.has(id)) return fault(403, "E0000016", "is deactivated");
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
    this.access.takeAll(id);
    await this.apps.takeAll(id);
    this.log.write("user.lifecycle.deactivate", this.own, [id]);
  }

  async #group(id: string): Promise<Answer> {
    const answer = await this.#ask("GET", `/api/v1/groups/${id}`);
    if (answer.status !== 200) return notFound(`${id} (UserGroup)`);
    return { ...answer, body: this.#shownGroup(ok(answer)) };
  }

  async #member(method: "PUT" | "DELETE", group: string, id: string): Promise<Answer> {
    const { status, body } = await this.#group(group);
    if (status !== 200) return notFound(`${group} (UserGroup)`);
    if ((body as Json)["type"] !== "OKTA_GROUP") return fault(403, "E0000006", "You cannot change this group");
    const answer = await this.#ask(method, `/api/v1/groups/${group}/users/${id}`);
    return answer.status < 300 ? NO_CONTENT : notFound(id);
  }
}

/** The emulator's id for it. */
const EVERYONE = "00g_everyone";
