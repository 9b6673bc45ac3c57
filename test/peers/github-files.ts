import type { Seen } from "./front.ts";
import { type Answer, type Json, type Route, route } from "./github-inside.ts";
import type { GitHubOrg } from "./github-org.ts";
import type { GitHubPeople, GitHubPerson } from "./github-people.ts";
import type { GitHubRepos } from "./github-repos.ts";
import type { FileSeed, RepoSeed } from "./github-seed.ts";
import type { GitHubSettings } from "./github-settings.ts";

const RANK = ["READ", "TRIAGE", "WRITE", "MAINTAIN", "ADMIN"];
const MEANS: Readonly<Record<string, string>> = { pull: "READ", push: "WRITE" };

/** The two GraphQL queries that are asked, over files that the emulator has no way to show together. */
export class GitHubFiles {
  readonly #people: GitHubPeople;
  readonly #members: GitHubOrg;
  readonly #repos: GitHubRepos;
  readonly #settings: GitHubSettings;
  readonly #files = new Map<number, readonly FileSeed[]>();

  constructor(people: GitHubPeople, members: GitHubOrg, repos: GitHubRepos, settings: GitHubSettings) {
    this.#people = people;
    this.#members = members;
    this.#repos = repos;
    this.#settings = settings;
  }

  routes(): readonly Route[] {
    return [route("POST", "/graphql", (_, seen) => this.#query(seen))];
  }

  async add(repo: RepoSeed): Promise<void> {
    const found = await this.#repos.find(repo.name);
    if (found) this.#files.set(Number(found["id"]), repo.files ?? []);
  }

  async #query(seen: Seen): Promise<Answer> {
    const { query, variables } = seen.body as { query: string; variables: Record<string, unknown> };
    const repos = await this.#repos.all();
    const find = (id: unknown) => repos.find((repo) => repo["node_id"] === id);
    if (/^query overview\(/.test(query)) {
      const ids = variables["ids"] as unknown[];
      if (ids.length > 100) return failed("ARGUMENT_LIMIT", "too many ids");
      const person = this.#people.find(String(variables["login"]));
      const nodes: (Json | null)[] = [];
      for (const id of ids) {
        const repo = find(id);
        nodes.push(repo ? await this.#overview(repo, person) : null);
      }
      return { status: 200, body: { data: { nodes } } };
    }
    if (/^query blame\(/.test(query)) {
      const repo = find(variables["id"]);
      const file = this.#files.get(Number(repo?.["id"]))?.find((one) => one.path === variables["path"]);
      if (!file) return failed("NOT_FOUND", "no such path");
      return { status: 200, body: { data: { node: { object: { blame: { ranges: this.#ranges(file) } } } } } };
    }
    return failed("UNKNOWN", "the stand-in does not know this query");
  }

  async #overview(repo: Json, person: GitHubPerson | undefined): Promise<Json> {
    const id = Number(repo["id"]);
    const files = this.#files.get(id) ?? [];
    const blob = (path: string) => {
      const file = files.find((one) => one.path === path);
      return file ? { text: file.text } : null;
    };
    const folder = ".github/workflows/";
    const workflows = files.filter(({ path }) => path.startsWith(folder));
    const permission = person && (await this.#permission(String(repo["name"]), person));
    return {
      databaseId: id,
      deployKeys: { totalCount: this.#settings.keysOf(id).length },
      collaborators: { edges: permission ? [{ permission, node: { databaseId: person.id } }] : [] },
      inGitHub: blob(".github/CODEOWNERS"),
      inRoot: blob("CODEOWNERS"),
      inDocs: blob("docs/CODEOWNERS"),
      workflows:
        workflows.length === 0
          ? null
          : { entries: workflows.map(({ path, text }) => ({ name: path.slice(folder.length), object: { text } })) },
    };
  }

  async #permission(repo: string, person: GitHubPerson): Promise<string | undefined> {
    const member = await this.#members.role(person);
    if (member === "admin") return "ADMIN";
    const direct = this.#repos.roleOf(repo, person);
    const all = [
      ...(member ? ["read"] : []),
      ...(direct ? [direct] : []),
      ...(await this.#members.permissionsIn(repo, person)),
    ];
    return all.map((one) => MEANS[one] ?? one.toUpperCase()).sort((a, b) => RANK.indexOf(b) - RANK.indexOf(a))[0];
  }

  #ranges(file: FileSeed): Json[] {
    return file.text.split("\n").map((_, index) => {
      const person = this.#people.find(file.lines?.[index + 1] ?? file.by);
      const user = person ? { databaseId: person.id } : null;
      return { startingLine: index + 1, endingLine: index + 1, commit: { author: { user } } };
    });
  }
}

function failed(type: string, message: string): Answer {
  return { status: 200, body: { data: null, errors: [{ type, message }] } };
}
