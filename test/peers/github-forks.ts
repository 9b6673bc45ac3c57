import { type Json, NOT_FOUND, paged, type Route, route, simple } from "./github-inside.ts";
import type { GitHubPeople } from "./github-people.ts";
import type { GitHubRepos } from "./github-repos.ts";
import type { RepoSeed } from "./github-seed.ts";

interface Fork {
  readonly id: number;
  readonly parent: string;
  readonly owner: string;
  readonly branches: Readonly<Record<string, number>>;
}

/** Private forks of people, which the emulator does not keep with their parents, and how far their branches are. */
export class GitHubForks {
  readonly #org: string;
  readonly #people: GitHubPeople;
  readonly #repos: GitHubRepos;
  readonly #forks: Fork[] = [];

  constructor(org: string, people: GitHubPeople, repos: GitHubRepos) {
    this.#org = org;
    this.#people = people;
    this.#repos = repos;
  }

  routes(): readonly Route[] {
    const r = `/repos/${this.#org}/([^/]+)`;
    return [
      route("GET", `${r}/forks`, async ([repo = ""], seen) => {
        const parent = await this.#repos.find(repo);
        if (!parent) return NOT_FOUND;
        return paged(
          this.#forks.filter((fork) => fork.parent === parent["name"]).map((fork) => this.#shown(fork, parent)),
          seen,
        );
      }),
      route("GET", "/repos/([^/]+)/([^/]+)/branches", async ([owner = "", repo = ""], seen) => {
        const fork = this.#forks.find((one) => one.owner.toLowerCase() === owner.toLowerCase() && one.parent === repo);
        if (!fork) return NOT_FOUND;
        return paged(
          Object.keys(fork.branches).map((name) => ({ name, commit: { sha: "0", url: "" }, protected: false })),
          seen,
        );
      }),
      route("GET", `${r}/compare/(.+)`, async ([repo = "", basehead = ""]) => {
        const [, owner, branch = ""] = /\.\.\.([^:]+):(.+)$/.exec(decodeURIComponent(basehead)) ?? [];
        const fork = this.#forks.find((one) => one.owner.toLowerCase() === owner?.toLowerCase() && one.parent === repo);
        const ahead = fork?.branches[branch];
        return ahead === undefined
          ? NOT_FOUND
          : { status: 200, body: { status: "ahead", ahead_by: ahead, behind_by: 0 } };
      }),
    ];
  }

  add(repo: RepoSeed): void {
    for (const { owner, branches } of repo.forks ?? []) {
      this.#forks.push({
        id: 50_000 + this.#forks.length,
        parent: repo.name,
        owner: this.#people.get(owner).login,
        branches,
      });
      this.#repos.countFork(repo.name);
    }
  }

  #shown(fork: Fork, parent: Json): Json {
    const owner = this.#people.get(fork.owner);
    return {
      ...parent,
      id: fork.id,
      node_id: `R_${fork.id}`,
      full_name: `${owner.login}/${fork.parent}`,
      fork: true,
      owner: simple(owner),
    };
  }
}
