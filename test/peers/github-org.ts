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
import type { GitHubPeople, GitHubPerson } from "./github-people.ts";
import type { TeamSeed } from "./github-seed.ts";

/**
 * Members and teams where the emulator differs: it knows no invitations, takes every maintainer of a team for an owner,
 * keeps the members as a team among the others, and does not count a team's children in.
 */
export class GitHubOrg {
  readonly #org: string;
  readonly #people: GitHubPeople;
  readonly #ask: Ask;
  readonly #own: GitHubPerson;
  /** Roles of who waits to accept, by id. */
  readonly invited = new Map<number, string>();
  readonly #repos = new Map<string, Map<string, string>>();
  readonly #parents = new Map<number, number>();

  constructor(org: string, people: GitHubPeople, own: GitHubPerson, ask: Ask) {
    this.#org = org;
    this.#people = people;
    this.#own = own;
    this.#ask = ask;
  }

  routes(): readonly Route[] {
    const o = `/orgs/${this.#org}`;
    return [
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
    ];
  }

  async addMember(login: string, role: "admin" | "member"): Promise<void> {
    const path = `/orgs/${this.#org}/memberships/${this.#people.get(login).inside}`;
    ok(await this.#ask("PUT", path, { body: { role } }));
  }

  /** Says yes for somebody who is invited. */
  async acceptInvitation(login: string): Promise<void> {
    const person = this.#people.get(login);
    const role = this.invited.get(person.id);
    if (role && this.invited.delete(person.id)) await this.addMember(login, role === "admin" ? "admin" : "member");
  }

  inviteMember(login: string, role: "admin" | "member"): void {
    this.invited.set(this.#people.get(login).id, role);
  }

  async addTeam(team: TeamSeed): Promise<void> {
    const parent = team.parent ? (await this.#allTeams()).find((one) => one["name"] === team.parent) : undefined;
    const body = { name: team.name, privacy: "closed", ...(parent ? { parent_team_id: parent["id"] } : {}) };
    const created = ok(await this.#ask("POST", `/orgs/${this.#org}/teams`, { body }));
    this.#repos.set(
      String(created["slug"]),
      new Map((team.repos ?? []).map(({ name, permission }) => [name, permission])),
    );
    if (parent) this.#parents.set(Number(created["id"]), Number(parent["id"]));
    for (const { login, role } of team.members ?? []) {
      const person = this.#people.get(login);
      if (!(await this.role(person))) await this.addMember(login, "member");
      const path = `/orgs/${this.#org}/teams/${created["slug"]}/memberships/${person.inside}`;
      ok(await this.#ask("PUT", path, { body: { role: role ?? "member" } }));
    }
  }

  /** An owner is who is maintainer of the emulator's team `members`; other teams' maintainers are none. */
  async role(person: GitHubPerson): Promise<"admin" | "member" | undefined> {
    const path = `/orgs/${this.#org}/teams/members/memberships/${encodeURIComponent(person.inside)}`;
    const { status, body } = await this.#ask("GET", path);
    if (status !== 200) return undefined;
    return (body as Json)["role"] === "maintainer" ? "admin" : "member";
  }

  /** What a team may do in which repository. */
  reposOf(slug: string): ReadonlyMap<string, string> {
    return this.#repos.get(slug) ?? new Map();
  }

  /** What a person's teams let them do in a repository. */
  async permissionsIn(repo: string, person: GitHubPerson): Promise<string[]> {
    const found: string[] = [];
    for (const [slug, repos] of this.#repos) {
      const permission = repos.get(repo);
      if (permission && (await this.#teamMembership(slug, person.login)).status === 200) found.push(permission);
    }
    return found;
  }

  async #membership(person: GitHubPerson | undefined): Promise<Answer> {
    if (!person) return NOT_FOUND;
    const invited = this.invited.get(person.id);
    const role = invited ?? (await this.role(person));
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
    if (await this.role(person)) await this.addMember(login, role);
    else this.inviteMember(login, role);
    return this.#membership(person);
  }

  async #removeMember(login: string): Promise<Answer> {
    const person = this.#people.find(login);
    if (!person) return NOT_FOUND;
    if (this.invited.delete(person.id)) return { status: 204 };
    const role = await this.role(person);
    if (!role) return NOT_FOUND;
    const owners = await listAll(this.#ask, `/orgs/${this.#org}/teams/members/members`, { role: "maintainer" });
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
    const teams = await listAll(this.#ask, `/orgs/${this.#org}/teams`);
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
      for (const row of await listAll(this.#ask, `/orgs/${this.#org}/teams/${one}/members`))
        members.set(row["id"], row);
    }
    return paged([...members.values()], seen);
  }

  async #teams(seen: Seen): Promise<Answer> {
    return paged(await this.#allTeams(), seen);
  }

  async #joinTeam(slug: string, login: string, seen: Seen): Promise<Answer> {
    const person = this.#people.find(login);
    if (!person) return NOT_FOUND;
    if (!(await this.role(person))) this.inviteMember(login, "member");
    return this.#ask("PUT", `/orgs/${this.#org}/teams/${slug}/memberships/${person.inside}`, { body: seen.body });
  }
}

function parentOf(id: number | undefined): Json | null {
  return id === undefined ? null : { id };
}
