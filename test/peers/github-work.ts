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
import type { GitHubRepos } from "./github-repos.ts";
import type { PullSeed, RepoSeed } from "./github-seed.ts";

/** Issues and pull requests where the emulator differs: pull requests have no assignees, and everybody is accepted. */
export class GitHubWork {
  readonly #org: string;
  readonly #people: GitHubPeople;
  readonly #ask: Ask;
  readonly #own: GitHubPerson;
  readonly #repos: GitHubRepos;
  readonly #pullAssignees = new Map<string, Set<number>>();
  #next = 0;

  constructor(org: string, people: GitHubPeople, own: GitHubPerson, repos: GitHubRepos, ask: Ask) {
    this.#org = org;
    this.#people = people;
    this.#own = own;
    this.#repos = repos;
    this.#ask = ask;
  }

  routes(): readonly Route[] {
    const r = `/repos/${this.#org}/([^/]+)`;
    return [
      route("GET", `${r}/assignees/([^/]+)`, async ([repo = "", login = ""]) => {
        const person = this.#people.find(login);
        return person && (await this.#repos.hasAccess(repo, person)) ? { status: 204 } : NOT_FOUND;
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

  async closeIssue(repo: string, number: number): Promise<void> {
    ok(await this.#ask("PATCH", `/repos/${this.#org}/${repo}/issues/${number}`, { body: { state: "closed" } }));
  }

  async addRepo(repo: RepoSeed): Promise<void> {
    const at = `/repos/${this.#org}/${repo.name}`;
    const created = { name: repo.name, private: repo.private ?? true, auto_init: false };
    ok(await this.#ask("POST", `/orgs/${this.#org}/repos`, { body: created }));
    for (const { login, permission } of repo.collaborators ?? []) {
      await this.#repos.addCollaborator(repo.name, this.#people.get(login), permission);
    }
    for (const { login, permission } of repo.invitations ?? []) {
      this.#repos.invite(repo.name, this.#people.get(login), permission);
    }
    // A pull request needs a branch to go to.
    const commits = repo.commits ?? (repo.pulls ? [this.#own.login] : []);
    for (const [index, login] of commits.entries()) {
      const content = Buffer.from(`${index}\n`).toString("base64");
      const body = { message: `Change ${index}`, content };
      await this.#repos.asWriter(repo.name, this.#people.get(login), (as) =>
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

  /** Pull requests get the assignees that the emulator does not keep for them. */
  withAssignees(body: unknown): unknown {
    if (Array.isArray(body)) return body.map((one) => this.withAssignees(one));
    const pull = body as Json | undefined;
    if (!pull || typeof pull !== "object" || !("requested_reviewers" in pull)) return body;
    const repo = String(pull["url"]).split("/").at(-3) ?? "";
    return { ...pull, assignees: this.#usersOf(this.#pullAssignees.get(`${repo}#${pull["number"]}`)) };
  }

  #usersOf(ids: Iterable<number> | undefined): Json[] {
    return [...(ids ?? [])].flatMap((id) => this.#people.findById(id) ?? []).map(simple);
  }

  /** Whoever has no access is dropped without a word. */
  async #assign(repo: string, number: string, seen: Seen, add: boolean): Promise<Answer> {
    const wanted = (seen.body as { assignees: unknown[] }).assignees.flatMap(
      (login) => this.#people.find(String(login)) ?? [],
    );
    const accepted: GitHubPerson[] = [];
    for (const person of wanted) if (!add || (await this.#repos.hasAccess(repo, person))) accepted.push(person);
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
      if (!person || !(await this.#repos.hasAccess(repo, person))) {
        return { status: 422, body: { message: "Reviews may only be requested from collaborators." } };
      }
      if ((pull["user"] as Json)["id"] === person.id) {
        return { status: 422, body: { message: "Review cannot be requested from pull request author." } };
      }
    }
    const reviewers = (seen.body as { reviewers: unknown[] }).reviewers.map(
      (login) => this.#people.get(String(login)).inside,
    );
    const path = `/repos/${this.#org}/${repo}/pulls/${number}/requested_reviewers`;
    const answer = await this.#ask("POST", path, { body: { reviewers } });
    return answer.status === 200 ? { ...answer, status: 201 } : answer;
  }

  /** Pull requests are issues too. */
  async #issues(repo: string, seen: Seen): Promise<Answer> {
    const wanted = this.#people.find(seen.query.get("assignee") ?? "");
    if (seen.query.has("assignee") && !wanted) return { status: 422, body: { message: "Validation Failed" } };
    const query = { state: seen.query.get("state") ?? "open", ...(wanted ? { assignee: wanted.inside } : {}) };
    const issues = await listAll(this.#ask, `/repos/${this.#org}/${repo}/issues`, query);
    const pulls = (await listAll(this.#ask, `/repos/${this.#org}/${repo}/pulls`, { state: query.state }))
      .filter((pull) => !wanted || this.#pullAssignees.get(`${repo}#${pull["number"]}`)?.has(wanted.id))
      .map((pull): Json => ({ ...pull, pull_request: { url: pull["url"] } }));
    const creator = seen.query.get("creator");
    const by = creator === null ? undefined : this.#people.find(creator);
    if (creator !== null && !by) return { status: 422, body: { message: "Validation Failed" } };
    return paged(
      [...issues, ...pulls].filter((one) => !by || (one["user"] as Json)["id"] === by.id),
      seen,
    );
  }
}
