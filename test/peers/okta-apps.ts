import type { Seen } from "./front.ts";
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
} from "./okta-inside.ts";

/** Apps and who has them. The emulator ignores the filter by user, and knows no apps that groups give. */
export class OktaApps {
  readonly #ask: Ask;
  readonly #users: Users;
  readonly #groups: { readonly app: string; readonly group: string }[] = [];
  readonly #features = new Map<string, readonly string[]>();
  readonly #profiles = new Map<string, Json>();

  constructor(ask: Ask, users: Users) {
    this.#ask = ask;
    this.#users = users;
  }

  routes(): readonly Route[] {
    return [
      route("GET", "/api/v1/apps", (_, seen) => this.#list(seen)),
      route("GET", "/api/v1/apps/([^/]+)/users/([^/]+)", async ([app = "", id = ""]) => {
        const assigned = await this.#assignment(app, id);
        return assigned ? { status: 200, body: assigned } : notFound(`${id} (AppUser)`);
      }),
      route("POST", "/api/v1/apps/([^/]+)/users", ([app = ""], seen) => this.#assign(app, seen)),
      route("DELETE", "/api/v1/apps/([^/]+)/users/([^/]+)", ([app = "", id = ""]) => this.#unassign(app, id)),
    ];
  }

  /** An app with these features, given to users by id and to groups by id. */
  async add(
    label: string,
    given: {
      readonly users: readonly string[];
      readonly groups: readonly string[];
      readonly features: readonly string[];
    },
  ): Promise<string> {
    const id = String(ok(await this.#ask("POST", "/api/v1/apps", { name: label, label }))["id"]);
    this.#features.set(id, given.features);
    for (const user of given.users) ok(await this.#ask("PUT", `/api/v1/apps/${id}/users/${user}`));
    for (const group of given.groups) this.#groups.push({ app: id, group });
    return id;
  }

  setProfile(app: string, user: string, profile: Json): void {
    this.#profiles.set(`${app}/${user}`, profile);
  }

  /** Takes every app from a user that is deactivated. */
  async takeAll(user: string): Promise<void> {
    for (const app of await listAll(this.#ask, "/api/v1/apps")) {
      await this.#ask("DELETE", `/api/v1/apps/${app["id"]}/users/${user}`);
    }
  }

  async #list(seen: Seen): Promise<Answer> {
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
    const user = await this.#users.find(id);
    if (!user || user["status"] === "DEPROVISIONED") return undefined;
    const credentials = { userName: (user["profile"] as Json)["login"] };
    const profile = this.#profiles.get(`${app}/${id}`) ?? {};
    const base = { id, status: "ACTIVE", credentials, profile };
    if (direct) return { ...base, scope: "USER" };
    const groups = new Set((await this.#users.groupsOf(id)).map((group) => String(group["id"])));
    const through = this.#groups.find((one) => one.app === app && groups.has(one.group));
    if (!through) return undefined;
    const href = `https://acme.okta.com/api/v1/groups/${through.group}`;
    return { ...base, scope: "GROUP", _links: { group: { href } } };
  }

  async #assign(app: string, seen: Seen): Promise<Answer> {
    const body = seen.body as Json;
    const id = String(body["id"]);
    const answer = await this.#ask("PUT", `/api/v1/apps/${app}/users/${id}`);
    if (answer.status >= 300) return notFound(app);
    this.setProfile(app, id, (body["profile"] ?? {}) as Json);
    return { status: 200, body: (await this.#assignment(app, id)) ?? {} };
  }

  async #unassign(app: string, id: string): Promise<Answer> {
    const assigned = await this.#assignment(app, id);
    if (!assigned) return notFound(id);
    if (assigned["scope"] === "GROUP") return fault(403, "E0000006", "A group gives this app");
    await this.#ask("DELETE", `/api/v1/apps/${app}/users/${id}`);
    this.#profiles.delete(`${app}/${id}`);
    return NO_CONTENT;
  }
}
