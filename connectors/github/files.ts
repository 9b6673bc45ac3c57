import { z } from "zod";
import { type Client, eachOf } from "./client.ts";
import type { Repo } from "./schema.ts";

// One GraphQL query for many repositories: by REST it would be six requests for each of them.
// https://docs.github.com/en/graphql/reference/objects#repository

const BATCH = 25;

const Blob = z.object({ text: z.string().nullish() }).nullish();
const Seen = z.object({
  databaseId: z.number().int(),
  deployKeys: z.object({ totalCount: z.number().int() }),
  // A search by login also finds names that begin alike: the id decides.
  collaborators: z.object({
    edges: z.array(z.object({ permission: z.string(), node: z.object({ databaseId: z.number().int() }) })),
  }),
  inGitHub: Blob,
  inRoot: Blob,
  inDocs: Blob,
  workflows: z.object({ entries: z.array(z.object({ name: z.string(), object: Blob })).nullish() }).nullish(),
});
type Seen = z.infer<typeof Seen>;

const OVERVIEW = `query overview($ids: [ID!]!, $login: String!) {
  nodes(ids: $ids) {
    ... on Repository {
      databaseId
      deployKeys { totalCount }
      collaborators(query: $login, first: 20) { edges { permission node { databaseId } } }
      inGitHub: object(expression: "HEAD:.github/CODEOWNERS") { ... on Blob { text } }
      inRoot: object(expression: "HEAD:CODEOWNERS") { ... on Blob { text } }
      inDocs: object(expression: "HEAD:docs/CODEOWNERS") { ... on Blob { text } }
      workflows: object(expression: "HEAD:.github/workflows") {
        ... on Tree { entries { name object { ... on Blob { text } } } }
      }
    }
  }
}`;

/** A text file at the head of a default branch. */
export interface File {
  readonly path: string;
  readonly text: string;
}

/** What an account's departure can break in one repository, and what it could have left there. */
export interface RepoView {
  readonly repo: Repo;
  readonly deployKeys: number;
  /** What the account may do there by any way: `READ` to `ADMIN`; undefined when nothing. */
  readonly permission: string | undefined;
  /** The one that counts: GitHub takes the first of three places. */
  readonly owners: File | undefined;
  readonly workflows: readonly File[];
}

/** Reads all these repositories for one account; a repository that was deleted meanwhile is left out. */
export async function readViews(
  client: Client,
  repos: readonly Repo[],
  user: { readonly id: string; readonly login: string },
): Promise<RepoView[]> {
  const byId = new Map(repos.map((repo) => [repo.id, repo]));
  const batches = Array.from({ length: Math.ceil(repos.length / BATCH) }, (_, at) =>
    repos.slice(at * BATCH, (at + 1) * BATCH),
  );
  const schema = z.object({ nodes: z.array(Seen.nullable()) });
  const answers = await eachOf(batches, 2, (batch) =>
    client.query(schema, OVERVIEW, { ids: batch.map((repo) => repo.node_id), login: user.login }),
  );
  return answers
    .flatMap(({ nodes }) => nodes)
    .flatMap((seen) => {
      const repo = seen && byId.get(seen.databaseId);
      return repo ? [viewOf(repo, seen, user.id)] : [];
    });
}

function viewOf(repo: Repo, seen: Seen, account: string): RepoView {
  const places: readonly (readonly [string, z.infer<typeof Blob>])[] = [
    [".github/CODEOWNERS", seen.inGitHub],
    ["CODEOWNERS", seen.inRoot],
    ["docs/CODEOWNERS", seen.inDocs],
  ];
  const owners = places.map(([path, blob]) => fileOf(path, blob)).find((file) => file !== undefined);
  return {
    repo,
    deployKeys: seen.deployKeys.totalCount,
    permission: seen.collaborators.edges.find(({ node }) => String(node.databaseId) === account)?.permission,
    owners,
    workflows: (seen.workflows?.entries ?? []).flatMap(
      ({ name, object }) => fileOf(`.github/workflows/${name}`, object) ?? [],
    ),
  };
}

/** A blob without text is binary, which no workflow and no list of owners is. */
function fileOf(path: string, blob: z.infer<typeof Blob>): File | undefined {
  return typeof blob?.text === "string" ? { path, text: blob.text } : undefined;
}

const BLAME = `query blame($id: ID!, $path: String!) {
  node(id: $id) {
    ... on Repository {
      object(expression: "HEAD") {
        ... on Commit { blame(path: $path) { ranges { startingLine endingLine commit { author { user { databaseId } } } } } }
      }
    }
  }
}`;

const Blame = z.object({
  node: z.object({
    object: z
      .object({
        blame: z.object({
          ranges: z.array(
            z.object({
              startingLine: z.number().int(),
              endingLine: z.number().int(),
              commit: z.object({
                author: z.object({ user: z.object({ databaseId: z.number().int() }).nullish() }).nullish(),
              }),
            }),
          ),
        }),
      })
      .nullish(),
  }),
});

/** The account ids that changed these lines last, counted from 1. Commits by unknown addresses have none. */
export async function lastToChange(
  client: Client,
  repo: Repo,
  path: string,
  lines: readonly number[],
): Promise<string[]> {
  const { node } = await client.query(Blame, BLAME, { id: repo.node_id, path });
  const ranges = node.object?.blame.ranges ?? [];
  return ranges
    .filter((range) => lines.some((line) => range.startingLine <= line && line <= range.endingLine))
    .flatMap(({ commit }) => commit.author?.user?.databaseId ?? [])
    .map(String);
}
