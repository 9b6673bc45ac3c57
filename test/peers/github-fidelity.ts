import type { Seen } from "./front.ts";
import { GitHubFiles } from "./github-files.ts";
import { GitHubForks } from "./github-forks.ts";
import { type Answer, type Ask, NOT_FOUND, type Route, route } from "./github-inside.ts";
import { GitHubInvitations } from "./github-invitations.ts";
import { GitHubOrg } from "./github-org.ts";
import type { GitHubPeople, GitHubPerson } from "./github-people.ts";
import { GitHubRepos } from "./github-repos.ts";
import type { GitHubSeed, RepoSeed } from "./github-seed.ts";
import { GitHubSettings } from "./github-settings.ts";
import { GitHubWork } from "./github-work.ts";

const NAMED_AFTER = new Set(["users", "members", "memberships", "collaborators", "assignees"]);

/** The emulator with what it lacks or does otherwise than GitHub put right in front of it. */
export class GitHubFidelity {
  readonly org: GitHubOrg;
  readonly repos: GitHubRepos;
  readonly work: GitHubWork;
  readonly invitations: GitHubInvitations;
  readonly settings: GitHubSettings;
  readonly #forks: GitHubForks;
  readonly #files: GitHubFiles;
  readonly #org: string;
  readonly #people: GitHubPeople;
  readonly #own: GitHubPerson;
  readonly #ask: Ask;
  readonly #routes: readonly Route[];
  #base = "read";

  constructor(org: string, people: GitHubPeople, own: GitHubPerson, ask: Ask) {
    this.#org = org;
    this.#people = people;
    this.#own = own;
    this.#ask = ask;
    this.org = new GitHubOrg(org, people, own, ask);
    this.repos = new GitHubRepos(org, people, this.org, ask);
    this.work = new GitHubWork(org, people, own, this.repos, ask);
    this.invitations = new GitHubInvitations(org, people, own, this.org);
    this.settings = new GitHubSettings(org, people, this.repos, this.org);
    this.#forks = new GitHubForks(org, people, this.repos);
    this.#files = new GitHubFiles(people, this.org, this.repos, this.settings);
    this.#routes = [
      route("GET", `/orgs/${org}`, async () => this.#organization()),
      route("GET", "/user/(\\d+)", async ([id]) => this.#user(this.#people.findById(Number(id)))),
      route("GET", "/user", async () => this.#user(this.#own)),
      route("GET", "/users/([^/]+)", async ([login = ""]) => this.#user(this.#people.find(decodeURIComponent(login)))),
      route("GET", "/users/([^/]+)/keys", async ([login = ""], { query }) => this.#keys(login, query)),
      ...this.org.routes(),
      ...this.repos.routes(),
      ...this.work.routes(),
      ...this.invitations.routes(),
      ...this.settings.routes(),
      ...this.#forks.routes(),
      ...this.#files.routes(),
    ];
  }

  /** What the organization itself has; repositories come one by one. */
  seed(seed: GitHubSeed): void {
    this.settings.share(seed.secrets ?? []);
    this.#base = seed.basePermission ?? "read";
  }

  async addRepo(repo: RepoSeed): Promise<void> {
    await this.work.addRepo(repo);
    await this.settings.add(repo);
    this.#forks.add(repo);
    await this.#files.add(repo);
  }

  async #organization(): Promise<Answer> {
    const answer = await this.#ask("GET", `/orgs/${this.#org}`);
    return { ...answer, body: { ...(answer.body as object), default_repository_permission: this.#base } };
  }

  async answer(seen: Seen): Promise<Answer> {
    for (const [method, path, answer] of this.#routes) {
      const match = seen.method === method ? path.exec(seen.path) : null;
      if (match) return this.#shown(await answer(match.slice(1), seen));
    }
    return this.#shown(await this.#forward(seen));
  }

  async #user(person: GitHubPerson | undefined): Promise<Answer> {
    return person ? this.#ask("GET", `/users/${encodeURIComponent(person.inside)}`) : NOT_FOUND;
  }

  #keys(login: string, query: URLSearchParams): Answer {
    const person = this.#people.find(decodeURIComponent(login));
    if (!person) return NOT_FOUND;
    const size = Number(query.get("per_page") ?? 30);
    const from = (Number(query.get("page") ?? 1) - 1) * size;
    const keys = (person.keys ?? []).map((key, index) => ({ id: index + 1, key }));
    return { status: 200, headers: {}, body: keys.slice(from, from + size) };
  }

  async #forward(seen: Seen): Promise<Answer> {
    const parts = seen.path.split("/");
    // The emulator tells names apart by their case, which GitHub does not.
    const owned = parts[1] === "orgs" || parts[1] === "repos";
    if (owned && parts[2]?.toLowerCase() === this.#org.toLowerCase()) parts[2] = this.#org;
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
    return { ...answer, body: this.#people.shown(this.work.withAssignees(answer.body)) };
  }
}
