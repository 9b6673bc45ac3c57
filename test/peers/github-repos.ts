import type { Seen } from "./front.ts";
import {
  type Answer,
  type Ask,
  type Json,
  listAll,
  NOT_FOUND,
  ok,
  paged,
  type Route,
  route,
  simple,
} from "./github-inside.ts";
import type { GitHubOrg } from "./github-org.ts";
import type { GitHubPeople, GitHubPerson } from "./github-people.ts";

interface Invitation {
  readonly id: number;
  readonly repo: string;
  readonly invitee: GitHubPerson;
  readonly permissions: string;
}

/** Repositories and direct access where the emulator differs: no list of them, no roles, no invitations. */
export class GitHubRepos {
  readonly #org: string;
  readonly #people: GitHubPeople;
  readonly #ask: Ask;
  readonly #members: GitHubOrg;
  readonly #roles = new Map<string, string>();
  readonly #forks = new Map<string, number>();
  #invitations: Invitation[] = [];
  #next = 1000;

  constructor(org: string, people: GitHubPeople, members: GitHubOrg, ask: Ask) {
    this.#org = org;
    this.#people = people;
    this.#members = members;
    this.#ask = ask;
  }

  routes(): readonly Route[] {
    const o = `/orgs/${this.#org}`;
    const r = `/repos/${this.#org}/([^/]+)`;
    return [
      route("GET", `${o}/repos`, async (_, seen) => paged(await this.all(), seen)),
      route("GET", `${r}/collaborators`, ([repo = ""], seen) => this.#collaborators(repo, seen)),
      route("PUT", `${r}/collaborators/([^/]+)`, ([repo = "", login = ""], seen) =>
        this.#putCollaborator(repo, login, seen),
      ),
      route("GET", `${r}/invitations`, async ([repo = ""], seen) => this.#listInvitations(repo, seen)),
      route("DELETE", `${r}/invitations/(\\d+)`, async ([repo, id]) => this.#cancel(repo, Number(id))),
    ];
  }

  async renameRepo(from: string, to: string): Promise<void> {
    ok(await this.#ask("PATCH", `/repos/${this.#org}/${from}`, { body: { name: to } }));
    for (const [key, role] of this.#roles) {
      if (key.startsWith(`${from}/`)) this.#roles.set(key.replace(from, to), role);
    }
  }

  /** Says yes to all invitations of somebody. */
  async acceptInvitations(login: string): Promise<void> {
    const person = this.#people.get(login);
    for (const { repo, invitee, permissions } of this.#invitations) {
      const permission = { read: "pull", write: "push" }[permissions] ?? permissions;
      if (invitee === person) await this.addCollaborator(repo, person, permission);
    }
    this.#invitations = this.#invitations.filter((one) => one.invitee !== person);
  }

  async hasAccess(repo: string, person: GitHubPerson): Promise<boolean> {
    if (await this.#members.role(person)) return true;
    const rows = await listAll(this.#ask, `/repos/${this.#org}/${repo}/collaborators`);
    return rows.some((row) => row["id"] === person.id);
  }

  /** The emulator lets members read only, and its base permission cannot be set. */
  async asWriter(repo: string, person: GitHubPerson, write: (as: string) => Promise<Answer>): Promise<void> {
    const path = `/repos/${this.#org}/${repo}/collaborators/${encodeURIComponent(person.inside)}`;
    const has = this.#roles.has(`${repo}/${person.id}`);
    if (!has) ok(await this.#ask("PUT", path, { body: { permission: "push" } }));
    ok(await write(person.inside));
    if (!has) ok(await this.#ask("DELETE", path));
  }

  /** By its name, in any case. */
  async find(name: string): Promise<Json | undefined> {
    return (await this.all()).find((repo) => String(repo["name"]).toLowerCase() === name.toLowerCase());
  }

  countFork(repo: string): void {
    this.#forks.set(repo, (this.#forks.get(repo) ?? 0) + 1);
  }

  /** The direct role: `read` to `admin`. */
  roleOf(repo: string, person: GitHubPerson): string | undefined {
    return this.#roles.get(`${repo}/${person.id}`);
  }

  /** All of the organization, in the order they were made. */
  async all(): Promise<Json[]> {
    const repos: Json[] = [];
    for (let page = 1; ; page += 1) {
      const query = new URLSearchParams({ q: `org:${this.#org}`, per_page: "100", page: String(page) });
      const { body } = await this.#ask("GET", "/search/repositories", { query });
      const items = (body as { items: Json[] }).items;
      repos.push(...items);
      if (items.length < 100) break;
    }
    return repos
      .sort((a, b) => Number(a["id"]) - Number(b["id"]))
      .map((repo) => ({ ...repo, forks_count: this.#forks.get(String(repo["name"])) ?? 0 }));
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
    if (!(await this.#members.role(person))) return { status: 201, body: this.invite(repo, person, permission) };
    await this.addCollaborator(repo, person, permission);
    return { status: 204 };
  }

  async addCollaborator(repo: string, person: GitHubPerson, permission: string): Promise<void> {
    const path = `/repos/${this.#org}/${repo}/collaborators/${encodeURIComponent(person.inside)}`;
    ok(await this.#ask("PUT", path, { body: { permission } }));
    this.#roles.set(`${repo}/${person.id}`, roleName(permission));
  }

  invite(repo: string, invitee: GitHubPerson, permission: string): Json {
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
}

function shownInvitation(invitation: Invitation): Json {
  return { id: invitation.id, permissions: invitation.permissions, invitee: simple(invitation.invitee) };
}

/** Requests say pull and push, answers say read and write. */
function roleName(permission: string): string {
  return { pull: "read", push: "write" }[permission] ?? permission;
}
