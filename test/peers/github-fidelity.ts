import type { PullSeed, RepoSeed, Seen, TeamSeed } from "./github.ts";
import type { GitHubPeople, GitHubPerson } from "./github-people.ts";

/** How the front, or the emulator behind it, answers. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly link?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks the emulator, by default as the owner of the token. */
export type Ask = (
  method: string,
  path: string,
  options?: { readonly query?: URLSearchParams; readonly body?: unknown; readonly as?: string },
) => Promise<Answer>;

interface Invitation {
  readonly id: number;
  readonly repo: string;
  readonly invitee: GitHubPerson;
  readonly permissions: string;
}

type Json = Record<string, unknown>;
type Route = (parts: readonly string[], seen: Seen) => Promise<Answer>;

const NOT_FOUND: Answer = { status: 404, body: { message: "Not Found" } };
const NAMED_AFTER = new Set(["users", "members", "memberships", "collaborators", "assignees"]);

/**
 * The emulator where it differs from GitHub. It has no invitations, no repositories of an organization, no user by id;
 * every maintainer of a team is an owner to it; collaborators have no role; pull requests have no assignees; everybody
 * can be assigned; and the organization's members are a team among the others. All of that is put right here.
 */
export class GitHubFidelity {
  readonly #org: string;
  readonly #people: GitHubPeople;
  readonly #own: GitHubPerson;
  readonly #ask: Ask;
  readonly #invited = new Map<number, string>();
  readonly #roles = new Map<string, string>();
  readonly #pullAssignees = new Map<string, Set<number>>();
  #invitations: Invitation[] = [];
  readonly #parents = new Map<number, number>();
  #next = 1000;
  readonly #routes: readonly (readonly [string, RegExp, Route])[];

  constructor(org: string, people: GitHubPeople, own: GitHubPerson, ask: Ask) {
    this.#org = org;
    this.#people = people;
    this.#own = own;
    this.#ask = ask;
    const o = `/orgs/${org}`;
    const r = `/repos/${org}/([^/]+)`;
    const route = (method: string, path: string, answer: Route) =>
      [method, new RegExp(`^${path}$`, "i"), answer] as const;
    this.#routes = [
      route("GET", "/user/(\\d+)", async ([id]) => this.#user(this.#people.findById(Number(id)))),
      route("GET", "/user", async () => this.#user(this.#own)),
      route("GET", "/users/([^/]+)", async ([login = ""]) => this.#user(this.#people.find(decodeURIComponent(login)))),
      route("GET", `/user/memberships${o}`, () => this.#membership(this.#own)),
      route("GET", `${o}/memberships/([^/]+)`, ([login = ""]) => this.#membership(this.#people.find(login))),
      route("PUT", `${o}/memberships/([^/]+)`, ([login = ""], seen) => this.#putMembership(login, seen)),
      route("DELETE", `${o}/memberships/([^/]+)`, ([login = ""]) => this.#removeMember(login)),
      route("GET", `${o}/members`, (_, seen) => this.#members(seen)),
      route("GET", `${o}/teams`, (_, seen) => this.#teams(seen)),
      route("GET", `${o}/teams/([^/]+)/members`, ([slug = ""], seen) => this.#teamMembers(slug, seen)),
      route("GET", `${o}/teams/([^/]+)/memberships/([^/]+)`, ([slug = "", login = ""]) =>
        this.#teamMembership(slug, login),
      ),
      route("PUT", `${o}/teams/([^/]+)/memberships/([^/]+)`, ([slug = "", login = ""], seen) =>
        this.#joinTeam(slug, login, seen),
      ),
      route("GET", `${o}/teams/([^/]+)/(?:team-sync/group-mappings|external-groups)`, async () => NOT_FOUND),
      route("GET", `${o}/repos`, (_, seen) => this.#repos(seen)),
      route("GET", `${r}/collaborators`, ([repo = ""], seen) => this.#collaborators(repo, seen)),
      route("PUT", `${r}/collaborators/([^/]+)`, ([repo = "", login = ""], seen) =>
        this.#putCollaborator(repo, login, seen),
      ),
      route("GET", `${r}/invitations`, async ([repo = ""], seen) => this.#listInvitations(repo, seen)),
      route("DELETE", `${r}/invitations/(\\d+)`, async ([repo, id]) => this.#cancel(repo, Number(id))),
      route("GET", `${r}/assignees/([^/]+)`, async ([repo = "", login = ""]) => {
        const person = this.#people.find(login);
        return person && (await this.#hasAccess(repo, person)) ? { status: 204 } : NOT_FOUND;
      }),
      route("POST", `${r}/issues/(\\d+)/assignees`, ([repo = "", n = ""], seen) => this.#assign(repo, n, seen, true)),
      route("DELETE", `${r}/issues/(\\d+)/assignees`, ([repo = "", n = ""], seen) =>
        this.#assign(repo, n, seen, false),
      ),
      route("POST", `${r}/pulls/(\\d+)/requested_reviewers`, ([repo = "", n = ""], seen) =>
        this.#askReview(repo, n, seen),
      ),
      route("GET", `${r}/issues`, ([repo = ""], seen) => this.#issues(repo, seen)),
    ];
  }

  async answer(seen: Seen): Promise<Answer> {
    for (const [method, path, route] of this.#routes) {
      const match = seen.method === method ? path.exec(seen.path) : null;
      if (match) return this.#shown(await route(match.slice(1), seen));
    }
    return this.#shown(await this.#forward(seen));
  }

  async addTeam(team: TeamSeed): Promise<void> {
    const parent = team.parent ? (await this.#allTeams()).find((one) => one["name"] === team.parent) : undefined;
    const body = { name: team.name, privacy: "closed", ...(parent ? { parent_team_id: parent["id"] } : {}) };
    const created = ok(await this.#ask("POST", `/orgs/${this.#org}/teams`, { body }));
    if (parent) this.#parents.set(Number(created["id"]), Number(parent["id"]));
    for (const { login, role } of team.members ?? []) {
      const person = this.#people.get(login);
      if (!(await this.#role(person))) await this.addMember(login, "member");
      const path = `/orgs/${this.#org}/teams/${created["slug"]}/memberships/${person.inside}`;
      ok(await this.#ask("PUT", path, { body: { role: role ?? "member" } }));
    }
  }

  async addMember(login: string, role: "admin" | "member"): Promise<void> {
    const path = `/orgs/${this.#org}/memberships/${this.#people.get(login).inside}`;
    ok(await this.#ask("PUT", path, { body: { role } }));
  }

  async renameRepo(from: string, to: string): Promise<void> {
    ok(await this.#ask("PATCH", `/repos/${this.#org}/${from}`, { body: { name: to } }));
    for (const [key, role] of this.#roles) {
      if (key.startsWith(`${from}/`)) this.#roles.set(key.replace(from, to), role);
    }
  }

  async acceptInvitations(login: string): Promise<void> {
    const person = this.#people.get(login);
    const role = this.#invited.get(person.id);
    if (role && this.#invited.delete(person.id)) await this.addMember(login, role === "admin" ? "admin" : "member");
    for (const { repo, invitee, permissions } of this.#invitations) {
      const permission = { read: "pull", write: "push" }[permissions] ?? permissions;
      if (invitee === person) await this.#addCollaborator(repo, person, permission);
    }
    this.#invitations = this.#invitations.filter((one) => one.invitee !== person);
  }

  async closeIssue(repo: string, number: number): Promise<void> {
    ok(await this.#ask("PATCH", `/repos/${this.#org}/${repo}/issues/${number}`, { body: { state: "closed" } }));
  }

  inviteMember(login: string, role: "admin" | "member"): void {
    this.#invited.set(this.#people.get(login).id, role);
  }

  async addRepo(repo: RepoSeed): Promise<void> {
    const at = `/repos/${this.#org}/${repo.name}`;
    const created = { name: repo.name, private: repo.private ?? true, auto_init: false };
    ok(await this.#ask("POST", `/orgs/${this.#org}/repos`, { body: created }));
    for (const { login, permission } of repo.collaborators ?? []) {
      await this.#addCollaborator(repo.name, this.#people.get(login), permission);
    }
    for (const { login, permission } of repo.invitations ?? []) {
      this.#invite(repo.name, this.#people.get(login), permission);
    }
    // A pull request needs a branch to go to.
    const commits = repo.commits ?? (repo.pulls ? [this.#own.login] : []);
    for (const [index, login] of commits.entries()) {
      const content = Buffer.from(`${index}\n`).toString("base64");
      const body = { message: `Change ${index}`, content };
      await this.#asWriter(repo.name, this.#people.get(login), (as) =>
        this.#ask("PUT", `${at}/contents/file-${index}.txt`, { body, as }),
      );
    }
    for (const issue of repo.issues ?? []) {
      const assignees = (issue.assignees ?? []).map((login) => this.#people.get(login).inside);
      const body = { title: issue.title, assignees };
      ok(await this.#ask("POST", `${at}/issues`, { body, as: this.#people.get(issue.author).inside }));
    }
    for (const pull of repo.pulls ?? []) await this.#addPull(repo.name, pull);
    if (repo.archived) ok(await this.#ask("PATCH", at, { body: { archived: true } }));
  }

  /** The emulator lets members read only, and its base permission cannot be set. */
  async #asWriter(repo: string, person: GitHubPerson, write: (as: string) => Promise<Answer>): Promise<void> {
    const path = `/repos/${this.#org}/${repo}/collaborators/${encodeURIComponent(person.inside)}`;
    const has = this.#roles.has(`${repo}/${person.id}`);
    if (!has) ok(await this.#ask("PUT", path, { body: { permission: "push" } }));
    ok(await write(person.inside));
    if (!has) ok(await this.#ask("DELETE", path));
  }

  async #addPull(repo: string, pull: PullSeed): Promise<void> {
    this.#next += 1;
    const at = `/repos/${this.#org}/${repo}/pulls`;
    const body = { title: pull.title, head: `branch-${this.#next}`, base: "main", draft: pull.draft ?? false };
    const created = ok(await this.#ask("POST", at, { body, as: this.#people.get(pull.author).inside }));
    const reviewers = (pull.reviewers ?? []).map((login) => this.#people.get(login).inside);
    if (reviewers.length > 0) {
      ok(await this.#ask("POST", `${at}/${created["number"]}/requested_reviewers`, { body: { reviewers } }));
    }
    const assignees = (pull.assignees ?? []).map((login) => this.#people.get(login).id);
    this.#pullAssignees.set(`${repo}#${created["number"]}`, new Set(assignees));
  }

  async #forward(seen: Seen): Promise<Answer> {
    const parts = seen.path.split("/");
    for (const [index, part] of parts.entries()) {
      if (index === 0 || !NAMED_AFTER.has(parts[index - 1] ?? "")) continue;
      const person = this.#people.find(decodeURIComponent(part));
      if (!person) return NOT_FOUND;
      parts[index] = person.inside;
    }
    const body = this.#bodyInside(seen.body);
    return this.#ask(seen.method, parts.join("/"), { query: seen.query, ...(body === undefined ? {} : { body }) });
  }

  #bodyInside(body: unknown): unknown {
    if (body === null || typeof body !== "object") return body;
    const inside = (value: unknown) =>
      Array.isArray(value) ? value.flatMap((login) => this.#people.find(String(login))?.inside ?? []) : value;
    return Object.fromEntries(
      Object.entries(body).map(([key, value]) => [
        key,
        key === "assignees" || key === "reviewers" ? inside(value) : value,
      ]),
    );
  }

  #shown(answer: Answer): Answer {
    return { ...answer, body: this.#people.shown(this.#withAssignees(answer.body)) };
  }

  /** Pull requests get the assignees that the emulator does not keep for them. */
  #withAssignees(body: unknown): unknown {
    if (Array.isArray(body)) return body.map((one) => this.#withAssignees(one));
    const pull = body as Json | undefined;
    if (!pull || typeof pull !== "object" || !("requested_reviewers" in pull)) return body;
    const repo = String(pull["url"]).split("/").at(-3) ?? "";
    return { ...pull, assignees: this.#usersOf(this.#pullAssignees.get(`${repo}#${pull["number"]}`)) };
  }

  #usersOf(ids: Iterable<number> | undefined): Json[] {
    return [...(ids ?? [])].flatMap((id) => this.#people.findById(id) ?? []).map(simple);
  }

  async #user(person: GitHubPerson | undefined): Promise<Answer> {
    return person ? this.#ask("GET", `/users/${encodeURIComponent(person.inside)}`) : NOT_FOUND;
  }

  /** An owner is who is maintainer of the emulator's team `members`; other teams' maintainers are none. */
  async #role(person: GitHubPerson): Promise<"admin" | "member" | undefined> {
    const path = `/orgs/${this.#org}/teams/members/memberships/${encodeURIComponent(person.inside)}`;
    const { status, body } = await this.#ask("GET", path);
    if (status !== 200) return undefined;
    return (body as Json)["role"] === "maintainer" ? "admin" : "member";
  }

  async #membership(person: GitHubPerson | undefined): Promise<Answer> {
    if (!person) return NOT_FOUND;
    const invited = this.#invited.get(person.id);
    const role = invited ?? (await this.#role(person));
    if (!role) return NOT_FOUND;
    const url = `https://api.github.com/orgs/${this.#org}`;
    const organization = { login: this.#org };
    const state = invited ? "pending" : "active";
    return {
      status: 200,
      body: {
        state,
        role,
        url: `${url}/memberships/${person.login}`,
        organization_url: url,
        organization,
        user: simple(person),
      },
    };
  }

  async #putMembership(login: string, seen: Seen): Promise<Answer> {
    const person = this.#people.find(login);
    if (!person) return NOT_FOUND;
    const role = (seen.body as Json)["role"] === "admin" ? "admin" : "member";
    if (await this.#role(person)) await this.addMember(login, role);
    else this.inviteMember(login, role);
    return this.#membership(person);
  }

  async #removeMember(login: string): Promise<Answer> {
    const person = this.#people.find(login);
    if (!person) return NOT_FOUND;
    if (this.#invited.delete(person.id)) return { status: 204 };
    const role = await this.#role(person);
    if (!role) return NOT_FOUND;
    const owners = await this.#listAll(`/orgs/${this.#org}/teams/members/members`, { role: "maintainer" });
    if (role === "admin" && owners.length === 1)
      return { status: 403, body: { message: "Cannot remove the last owner" } };
    return this.#ask("DELETE", `/orgs/${this.#org}/members/${encodeURIComponent(person.inside)}`);
  }

  async #members(seen: Seen): Promise<Answer> {
    const query = new URLSearchParams(seen.query);
    const role = query.get("role");
    query.delete("role");
    if (role === "admin" || role === "member") query.set("role", role === "admin" ? "maintainer" : "member");
    const answer = await this.#ask("GET", `/orgs/${this.#org}/teams/members/members`, { query });
    return {
      ...answer,
      ...(answer.link ? { link: answer.link.replaceAll("/teams/members/members", "/members") } : {}),
    };
  }

  async #allTeams(): Promise<Json[]> {
    const teams = await this.#listAll(`/orgs/${this.#org}/teams`);
    return teams
      .filter((team) => team["slug"] !== "members")
      .map((team) => ({ ...team, parent: parentOf(this.#parents.get(Number(team["id"]))) }));
  }

  /** The team itself and every team below it: who is in one of those is in the team. */
  async #lineage(slug: string): Promise<string[]> {
    const teams = await this.#allTeams();
    const found = teams.filter((team) => team["slug"] === slug);
    for (const team of found) {
      found.push(...teams.filter((other) => this.#parents.get(Number(other["id"])) === team["id"]));
    }
    return found.map((team) => String(team["slug"]));
  }

  async #teamMembership(slug: string, login: string): Promise<Answer> {
    const person = this.#people.find(login);
    if (!person) return NOT_FOUND;
    for (const one of await this.#lineage(slug)) {
      const path = `/orgs/${this.#org}/teams/${one}/memberships/${encodeURIComponent(person.inside)}`;
      const answer = await this.#ask("GET", path);
      if (answer.status === 200) return one === slug ? answer : { ...answer, body: { ...ok(answer), role: "member" } };
    }
    return NOT_FOUND;
  }

  async #teamMembers(slug: string, seen: Seen): Promise<Answer> {
    const lineage = await this.#lineage(slug);
    if (lineage.length === 0) return NOT_FOUND;
    const members = new Map<unknown, Json>();
    for (const one of lineage) {
      for (const row of await this.#listAll(`/orgs/${this.#org}/teams/${one}/members`)) members.set(row["id"], row);
    }
    return paged([...members.values()], seen);
  }

  async #teams(seen: Seen): Promise<Answer> {
    return paged(await this.#allTeams(), seen);
  }

  async #joinTeam(slug: string, login: string, seen: Seen): Promise<Answer> {
    const person = this.#people.find(login);
    if (!person) return NOT_FOUND;
    if (!(await this.#role(person))) this.inviteMember(login, "member");
    return this.#ask("PUT", `/orgs/${this.#org}/teams/${slug}/memberships/${person.inside}`, { body: seen.body });
  }

  async #repos(seen: Seen): Promise<Answer> {
    const repos: Json[] = [];
    for (let page = 1; ; page += 1) {
      const query = new URLSearchParams({ q: `org:${this.#org}`, per_page: "100", page: String(page) });
      const { body } = await this.#ask("GET", "/search/repositories", { query });
      const items = (body as { items: Json[] }).items;
      repos.push(...items);
      if (items.length < 100) break;
    }
    return paged(
      repos.sort((a, b) => Number(a["id"]) - Number(b["id"])),
      seen,
    );
  }

  async #collaborators(repo: string, seen: Seen): Promise<Answer> {
    const query = new URLSearchParams(seen.query);
    query.delete("affiliation");
    const answer = await this.#ask("GET", `/repos/${this.#org}/${repo}/collaborators`, { query });
    if (answer.status !== 200) return answer;
    const rows = (answer.body as Json[]).map((one) => ({
      ...one,
      role_name: this.#roles.get(`${repo}/${one["id"]}`) ?? "write",
    }));
    return { ...answer, body: rows };
  }

  /** GitHub invites whoever is no member of the organization. */
  async #putCollaborator(repo: string, login: string, seen: Seen): Promise<Answer> {
    const person = this.#people.find(login);
    if (!person) return NOT_FOUND;
    const permission = String((seen.body as Json | undefined)?.["permission"] ?? "push");
    if (!(await this.#role(person))) return { status: 201, body: this.#invite(repo, person, permission) };
    await this.#addCollaborator(repo, person, permission);
    return { status: 204 };
  }

  async #addCollaborator(repo: string, person: GitHubPerson, permission: string): Promise<void> {
    const path = `/repos/${this.#org}/${repo}/collaborators/${encodeURIComponent(person.inside)}`;
    ok(await this.#ask("PUT", path, { body: { permission } }));
    this.#roles.set(`${repo}/${person.id}`, roleName(permission));
  }

  #invite(repo: string, invitee: GitHubPerson, permission: string): Json {
    this.#next += 1;
    const invitation = { id: this.#next, repo, invitee, permissions: roleName(permission) };
    this.#invitations.push(invitation);
    return shownInvitation(invitation);
  }

  #listInvitations(repo: string, seen: Seen): Answer {
    return paged(this.#invitations.filter((one) => one.repo === repo).map(shownInvitation), seen);
  }

  #cancel(repo: string | undefined, id: number): Answer {
    const before = this.#invitations.length;
    this.#invitations = this.#invitations.filter((one) => one.repo !== repo || one.id !== id);
    return before === this.#invitations.length ? NOT_FOUND : { status: 204 };
  }

  async #hasAccess(repo: string, person: GitHubPerson): Promise<boolean> {
    if (await this.#role(person)) return true;
    const rows = await this.#listAll(`/repos/${this.#org}/${repo}/collaborators`);
    return rows.some((row) => row["id"] === person.id);
  }

  /** Whoever has no access is dropped without a word. */
  async #assign(repo: string, number: string, seen: Seen, add: boolean): Promise<Answer> {
    const wanted = (seen.body as { assignees: unknown[] }).assignees.flatMap(
      (login) => this.#people.find(String(login)) ?? [],
    );
    const accepted: GitHubPerson[] = [];
    for (const person of wanted) if (!add || (await this.#hasAccess(repo, person))) accepted.push(person);
    const at = `/repos/${this.#org}/${repo}`;
    const pull = await this.#ask("GET", `${at}/pulls/${number}`);
    if (pull.status !== 200) {
      const assignees = accepted.map((person) => person.inside);
      const answer = await this.#ask(seen.method, `${at}/issues/${number}/assignees`, { body: { assignees } });
      return answer.status === 200 && add ? { ...answer, status: 201 } : answer;
    }
    const key = `${repo}#${number}`;
    const now = this.#pullAssignees.get(key) ?? new Set();
    for (const person of accepted) {
      if (add) now.add(person.id);
      else now.delete(person.id);
    }
    this.#pullAssignees.set(key, now);
    return { status: add ? 201 : 200, body: pull.body };
  }

  /** One reviewer who cannot review fails the whole request. */
  async #askReview(repo: string, number: string, seen: Seen): Promise<Answer> {
    const pull = (await this.#ask("GET", `/repos/${this.#org}/${repo}/pulls/${number}`)).body as Json;
    for (const login of (seen.body as { reviewers: unknown[] }).reviewers) {
      const person = this.#people.find(String(login));
      if (!person || !(await this.#hasAccess(repo, person))) {
        return { status: 422, body: { message: "Reviews may only be requested from collaborators." } };
      }
      if ((pull["user"] as Json)["id"] === person.id) {
        return { status: 422, body: { message: "Review cannot be requested from pull request author." } };
      }
    }
    const answer = await this.#forward(seen);
    return answer.status === 200 ? { ...answer, status: 201 } : answer;
  }

  /** Pull requests are issues too. */
  async #issues(repo: string, seen: Seen): Promise<Answer> {
    const wanted = this.#people.find(seen.query.get("assignee") ?? "");
    if (seen.query.has("assignee") && !wanted) return { status: 422, body: { message: "Validation Failed" } };
    const query = { state: seen.query.get("state") ?? "open", ...(wanted ? { assignee: wanted.inside } : {}) };
    const issues = await this.#listAll(`/repos/${this.#org}/${repo}/issues`, query);
    const pulls = (await this.#listAll(`/repos/${this.#org}/${repo}/pulls`, { state: query.state }))
      .filter((pull) => !wanted || this.#pullAssignees.get(`${repo}#${pull["number"]}`)?.has(wanted.id))
      .map((pull) => ({ ...pull, pull_request: { url: pull["url"] } }));
    return paged([...issues, ...pulls], seen);
  }

  async #listAll(path: string, filter: Readonly<Record<string, string>> = {}): Promise<Json[]> {
    const all: Json[] = [];
    for (let page = 1; ; page += 1) {
      const query = new URLSearchParams({ ...filter, per_page: "100", page: String(page) });
      const { body } = await this.#ask("GET", path, { query });
      const rows = Array.isArray(body) ? (body as Json[]) : [];
      all.push(...rows);
      if (rows.length < 100) return all;
    }
  }
}

function ok(answer: Answer): Json {
  if (answer.status >= 300) throw new Error(`the emulator answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return (answer.body ?? {}) as Json;
}

function parentOf(id: number | undefined): Json | null {
  return id === undefined ? null : { id };
}

function simple(person: GitHubPerson): Json {
  return { id: person.id, login: person.inside, type: person.type };
}

function shownInvitation(invitation: Invitation): Json {
  return { id: invitation.id, permissions: invitation.permissions, invitee: simple(invitation.invitee) };
}

/** Requests say pull and push, answers say read and write. */
function roleName(permission: string): string {
  return { pull: "read", push: "write" }[permission] ?? permission;
}

function paged(items: readonly Json[], seen: Seen): Answer {
  const size = Math.min(Number(seen.query.get("per_page") ?? 30), 100);
  const page = Number(seen.query.get("page") ?? 1);
  const query = new URLSearchParams(seen.query);
  query.set("page", String(page + 1));
  const more = items.length > page * size;
  return {
    status: 200,
    body: items.slice((page - 1) * size, page * size),
    ...(more ? { link: `<http://peer${seen.path}?${query}>; rel="next"` } : {}),
  };
}
