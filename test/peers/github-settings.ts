import type { Seen } from "./front.ts";
import { type Answer, type Json, NOT_FOUND, paged, type Route, route } from "./github-inside.ts";
import type { GitHubOrg } from "./github-org.ts";
import type { GitHubPeople } from "./github-people.ts";
import type { GitHubRepos } from "./github-repos.ts";
import type { GitHubSeed, KeySeed, RepoSeed } from "./github-seed.ts";

interface Key extends Json {
  readonly id: number;
  readonly key: string;
}

const MADE = "2026-10-01T09:00:00Z";

/** Deploy keys, webhooks and names of secrets, which the emulator lacks or keeps to itself. */
export class GitHubSettings {
  readonly #org: string;
  readonly #people: GitHubPeople;
  readonly #repos: GitHubRepos;
  readonly #members: GitHubOrg;
  /** Who added a key, who may be renamed. */
  readonly #addedBy = new Map<number, number>();
  /** By the repository's id, which may be renamed as well. */
  readonly #keys = new Map<number, Key[]>();
  readonly #hooks = new Map<number, Json[]>();
  readonly #secrets = new Map<number, readonly string[]>();
  #shared: NonNullable<GitHubSeed["secrets"]> = [];
  #next = 100;

  constructor(org: string, people: GitHubPeople, repos: GitHubRepos, members: GitHubOrg) {
    this.#org = org;
    this.#people = people;
    this.#repos = repos;
    this.#members = members;
  }

  routes(): readonly Route[] {
    const o = `/orgs/${this.#org}`;
    const r = `/repos/${this.#org}/([^/]+)`;
    return [
      route("GET", `${r}/keys`, ([repo = ""], seen) => this.#within(repo, seen, (id) => this.keysOf(id))),
      route("POST", `${r}/keys`, ([repo = ""], seen) => this.#postKey(repo, seen)),
      route("DELETE", `${r}/keys/(\\d+)`, ([repo = "", id]) => this.#removeKey(repo, Number(id))),
      route("GET", `${r}/hooks`, ([repo = ""], seen) => this.#within(repo, seen, (id) => this.#hooks.get(id) ?? [])),
      route("GET", `${r}/actions/secrets`, ([repo = ""], seen) =>
        this.#wrapped(repo, seen, (id) => (this.#secrets.get(id) ?? []).map((name) => secret({ name }))),
      ),
      route("GET", `${o}/actions/secrets`, async (_, seen) =>
        wrap(
          "secrets",
          this.#shared.map(({ name, visibility }) => secret({ name, visibility })),
          seen,
        ),
      ),
      route("GET", `${o}/actions/secrets/([^/]+)/repositories`, async ([name], seen) => {
        const names = this.#shared.find((one) => one.name === name)?.repos ?? [];
        const all = await this.#repos.all();
        return wrap(
          "repositories",
          all.filter((repo) => names.includes(String(repo["name"]))),
          seen,
        );
      }),
      route("GET", `${o}/teams/([^/]+)/repos`, async ([slug = ""], seen) => {
        const permissions = this.#members.reposOf(slug);
        const all = await this.#repos.all();
        const own = all.filter((repo) => permissions.has(String(repo["name"])));
        return paged(
          own.map((repo) => ({ ...repo, permissions: { push: permissions.get(String(repo["name"])) !== "pull" } })),
          seen,
        );
      }),
    ];
  }

  share(secrets: NonNullable<GitHubSeed["secrets"]>): void {
    this.#shared = secrets;
  }

  async add(repo: RepoSeed): Promise<void> {
    const id = await this.#idOf(repo.name);
    if (id === undefined) return;
    await this.addKeys(repo.name, repo.keys ?? []);
    this.#hooks.set(
      id,
      (repo.hooks ?? []).map((hook) => this.#hook(hook)),
    );
    this.#secrets.set(id, repo.secrets ?? []);
  }

  async addKeys(repo: string, keys: readonly KeySeed[]): Promise<void> {
    const id = await this.#idOf(repo);
    if (id === undefined) throw new Error(`there is no repository ${repo}`);
    this.#keys.set(id, [...this.keysOf(id), ...keys.map((key) => this.#key(key))]);
  }

  keysOf(repo: number): Key[] {
    const shown = (by: number | undefined) => this.#people.all.find(({ id }) => id === by)?.login ?? null;
    return (this.#keys.get(repo) ?? []).map((key) => ({ ...key, added_by: shown(this.#addedBy.get(key.id)) }));
  }

  async #postKey(repo: string, seen: Seen): Promise<Answer> {
    const { key, title, read_only: readOnly } = seen.body as { key: string; title: string; read_only?: boolean };
    const id = await this.#idOf(repo);
    if (id === undefined) return NOT_FOUND;
    if (this.keysOf(id).some((one) => one.key === key)) {
      return { status: 422, body: { message: "Validation Failed: key is already in use" } };
    }
    await this.addKeys(repo, [{ key, title, readOnly: readOnly ?? false }]);
    return { status: 201, body: this.keysOf(id).at(-1) };
  }

  async #removeKey(repo: string, key: number): Promise<Answer> {
    const id = await this.#idOf(repo);
    const keys = this.keysOf(id ?? 0);
    if (id === undefined || !keys.some((one) => one.id === key)) return NOT_FOUND;
    this.#keys.set(
      id,
      keys.filter((one) => one.id !== key),
    );
    return { status: 204 };
  }

  async #within(repo: string, seen: Seen, items: (id: number) => readonly Json[]): Promise<Answer> {
    const id = await this.#idOf(repo);
    return id === undefined ? NOT_FOUND : paged(items(id), seen);
  }

  async #wrapped(repo: string, seen: Seen, items: (id: number) => readonly Json[]): Promise<Answer> {
    const id = await this.#idOf(repo);
    return id === undefined ? NOT_FOUND : wrap("secrets", items(id), seen);
  }

  async #idOf(name: string): Promise<number | undefined> {
    const repo = await this.#repos.find(name);
    return repo === undefined ? undefined : Number(repo["id"]);
  }

  #key(seed: KeySeed): Key {
    this.#next += 1;
    if (seed.addedBy !== undefined) this.#addedBy.set(this.#next, this.#people.get(seed.addedBy).id);
    return {
      id: this.#next,
      key: seed.key,
      title: seed.title,
      url: `https://api.github.com/keys/${this.#next}`,
      verified: true,
      created_at: MADE,
      read_only: seed.readOnly ?? true,
      added_by: null,
      last_used: seed.lastUsed ?? null,
      enabled: true,
    };
  }

  #hook({ url, events }: { readonly url: string; readonly events?: readonly string[] }): Json {
    this.#next += 1;
    const at = `https://api.github.com/hooks/${this.#next}`;
    return {
      type: "Repository",
      id: this.#next,
      name: "web",
      active: true,
      events: events ?? ["push"],
      config: { url, content_type: "json", insecure_ssl: "0", secret: "********" },
      created_at: MADE,
      updated_at: MADE,
      url: at,
      test_url: `${at}/test`,
      ping_url: `${at}/pings`,
      last_response: { code: 200, status: "active", message: "OK" },
    };
  }
}

function secret(named: Json): Json {
  return { ...named, created_at: MADE, updated_at: MADE };
}

function wrap(field: string, items: readonly Json[], seen: Seen): Answer {
  const page = paged(items, seen);
  return { ...page, body: { total_count: items.length, [field]: page.body } };
}
