/** What a GitHub starts with. Everybody who is named anywhere is in `users`. */
export interface GitHubSeed {
  readonly org: string;
  /** The credential that is accepted, and whose it is. */
  readonly token: string;
  readonly tokenOf: string;
  /** Scopes of a classic token; absent for a fine-grained one. */
  readonly scopes?: readonly string[];
  readonly users: readonly { readonly login: string; readonly name?: string; readonly type?: "User" | "Bot" }[];
  readonly members: readonly { readonly login: string; readonly role?: "admin" | "member" }[];
  readonly teams?: readonly TeamSeed[];
  readonly repos?: readonly RepoSeed[];
  /** Rights of a fine-grained token, by the names of its page: `repo:contents`. All when absent. */
  readonly permissions?: Permissions;
  readonly secrets?: readonly {
    readonly name: string;
    readonly visibility: "all" | "private" | "selected";
    readonly repos?: readonly string[];
  }[];
  /** What every member may do everywhere. */
  readonly basePermission?: "read" | "write";
}

export type Permissions = Readonly<Record<string, "read" | "write">>;

/** `addedBy` is absent for a key that an app added. */
export interface KeySeed {
  readonly title: string;
  readonly key: string;
  readonly addedBy?: string;
  readonly readOnly?: boolean;
  readonly lastUsed?: string;
}

/** A file at the head of the default branch. `by` wrote each line, but for those of `lines`, counted from 1. */
export interface FileSeed {
  readonly path: string;
  readonly text: string;
  readonly by: string;
  readonly lines?: Readonly<Record<number, string>>;
}

export interface TeamSeed {
  readonly name: string;
  readonly parent?: string;
  readonly members?: readonly { readonly login: string; readonly role?: "maintainer" | "member" }[];
  readonly repos?: readonly { readonly name: string; readonly permission: "pull" | "push" | "admin" }[];
}

export interface RepoSeed {
  readonly name: string;
  readonly private?: boolean;
  readonly archived?: boolean;
  readonly collaborators?: readonly { readonly login: string; readonly permission: string }[];
  readonly invitations?: readonly { readonly login: string; readonly permission: string }[];
  /** Authors, oldest first. */
  readonly commits?: readonly string[];
  readonly issues?: readonly {
    readonly title: string;
    readonly author: string;
    readonly assignees?: readonly string[];
  }[];
  readonly pulls?: readonly PullSeed[];
  readonly keys?: readonly KeySeed[];
  readonly hooks?: readonly { readonly url: string; readonly events?: readonly string[] }[];
  readonly secrets?: readonly string[];
  readonly files?: readonly FileSeed[];
  /** Branches with how many commits each is ahead. */
  readonly forks?: readonly { readonly owner: string; readonly branches: Readonly<Record<string, number>> }[];
}

export interface PullSeed {
  readonly title: string;
  readonly author: string;
  readonly draft?: boolean;
  readonly reviewers?: readonly string[];
  readonly assignees?: readonly string[];
}
