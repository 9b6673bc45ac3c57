import type { Seen } from "./front.ts";
import { type Answer, type Json, NOT_FOUND, paged, type Route, route } from "./github-inside.ts";
import type { GitHubOrg } from "./github-org.ts";
import type { GitHubPeople, GitHubPerson } from "./github-people.ts";

interface ByEmail {
  readonly id: number;
  readonly email: string;
  readonly role: string;
}

/** Invitations to the organization, which the emulator does not know: to accounts and to addresses. */
export class GitHubInvitations {
  readonly #org: string;
  readonly #people: GitHubPeople;
  readonly #own: GitHubPerson;
  readonly #members: GitHubOrg;
  #byEmail: ByEmail[] = [];
  #next = 9000;

  constructor(org: string, people: GitHubPeople, own: GitHubPerson, members: GitHubOrg) {
    this.#org = org;
    this.#people = people;
    this.#own = own;
    this.#members = members;
  }

  routes(): readonly Route[] {
    const path = `/orgs/${this.#org}/invitations`;
    return [
      route("GET", path, async (_, seen) => paged(this.#all(), seen)),
      route("POST", path, async (_, seen) => this.#post(seen)),
      route("DELETE", `${path}/(\\d+)`, async ([id]) => this.#cancel(Number(id))),
    ];
  }

  invite(email: string, role: string): Json {
    this.#next += 1;
    const invitation = { id: this.#next, email, role: role === "admin" ? "admin" : "direct_member" };
    this.#byEmail.push(invitation);
    return this.#shown({ ...invitation, login: null });
  }

  /** Whoever reads the address accepts with an account of their own. */
  async accept(email: string, login: string): Promise<void> {
    this.#byEmail = this.#byEmail.filter((one) => one.email !== email);
    await this.#members.addMember(login, "member");
  }

  #all(): Json[] {
    const toAccounts = [...this.#members.invited].flatMap(([id, role]) => {
      const person = this.#people.findById(id);
      const said = role === "admin" ? "admin" : "direct_member";
      return person ? [this.#shown({ id: 7000 + id, login: person.login, email: null, role: said })] : [];
    });
    return [...toAccounts, ...this.#byEmail.map((one) => this.#shown({ ...one, login: null }))];
  }

  #post(seen: Seen): Answer {
    const { email, role } = seen.body as { email: string; role: string };
    return { status: 201, body: this.invite(email, role) };
  }

  #cancel(id: number): Answer {
    const before = this.#byEmail.length;
    this.#byEmail = this.#byEmail.filter((one) => one.id !== id);
    return before > this.#byEmail.length || this.#members.invited.delete(id - 7000) ? { status: 204 } : NOT_FOUND;
  }

  #shown(invitation: Json): Json {
    const url = `https://api.github.com/organizations/1/invitations/${invitation["id"]}/teams`;
    return {
      ...invitation,
      node_id: `OI_${invitation["id"]}`,
      created_at: "2026-11-01T09:00:00Z",
      team_count: 0,
      invitation_teams_url: url,
      inviter: described(this.#own),
    };
  }
}

/** A user with all that GitHub's description asks for. */
function described(person: GitHubPerson): Json {
  const api = `https://api.github.com/users/${person.login}`;
  const urls = ["followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events"];
  return {
    id: person.id,
    login: person.inside,
    node_id: `U_${person.id}`,
    type: person.type,
    site_admin: false,
    avatar_url: "https://avatars.githubusercontent.com/u/1",
    gravatar_id: "",
    url: api,
    html_url: `https://github.com/${person.login}`,
    ...Object.fromEntries(urls.map((name) => [`${name}_url`, `${api}/${name}`])),
    received_events_url: `${api}/received_events`,
  };
}
