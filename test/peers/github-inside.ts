import type { Seen } from "./front.ts";
import type { GitHubPerson } from "./github-people.ts";

/** How the front, or the emulator behind it, answers. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly link?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks the emulator, by default as the owner of the token. */
export type Ask = (
  method: string,
  path: string,
  options?: { readonly query?: URLSearchParams; readonly body?: unknown; readonly as?: string },
) => Promise<Answer>;

export type Json = Record<string, unknown>;

/** A path that is answered in front of the emulator; its groups are handed over. */
export type Route = readonly [
  method: string,
  path: RegExp,
  answer: (parts: readonly string[], seen: Seen) => Promise<Answer>,
];

export const NOT_FOUND: Answer = { status: 404, body: { message: "Not Found" } };

/** A route for exactly this path, in any case. */
export function route(method: string, path: string, answer: Route[2]): Route {
  return [method, new RegExp(`^${path}$`, "i"), answer];
}

/** Everything of one of the emulator's lists. */
export async function listAll(ask: Ask, path: string, filter: Readonly<Record<string, string>> = {}): Promise<Json[]> {
  const all: Json[] = [];
  for (let page = 1; ; page += 1) {
    const query = new URLSearchParams({ ...filter, per_page: "100", page: String(page) });
    const { body } = await ask("GET", path, { query });
    const rows = Array.isArray(body) ? (body as Json[]) : [];
    all.push(...rows);
    if (rows.length < 100) return all;
  }
}

/** The body of an answer that has to be a success. */
export function ok(answer: Answer): Json {
  if (answer.status >= 300) throw new Error(`the emulator answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return (answer.body ?? {}) as Json;
}

export function simple(person: GitHubPerson): Json {
  return { id: person.id, login: person.inside, type: person.type };
}

/** One page of a list, with the link to the next. */
export function paged(items: readonly Json[], seen: Seen): Answer {
  const size = Math.min(Number(seen.query.get("per_page") ?? 30), 100);
  const page = Number(seen.query.get("page") ?? 1);
  const query = new URLSearchParams(seen.query);
  query.set("page", String(page + 1));
  const more = items.length > page * size;
  return {
    status: 200,
    body: items.slice((page - 1) * size, page * size),
    ...(more ? { link: `<http://peer${seen.path}?${query}>; rel="next"` } : {}),
  };
}
