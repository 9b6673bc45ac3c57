import type { Seen } from "./front.ts";

/** How the front, or the emulator behind it, answers. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly link?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Json = Record<string, unknown>;

/** Asks the emulator. */
export type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** A path that is answered in front of the emulator; its groups are handed over. */
export type Route = readonly [
  method: string,
  path: RegExp,
  answer: (parts: readonly string[], seen: Seen) => Promise<Answer>,
];

/** A route for exactly this path. */
export function route(method: string, path: string, answer: Route[2]): Route {
  return [method, new RegExp(`^${path}$`), answer];
}

/** Who has an account, as the other parts of an organization need it. */
export interface Users {
  /** The id of the owner of the accepted token. */
  readonly own: string;
  find(ref: string): Promise<Json | undefined>;
  groupsOf(id: string): Promise<Json[]>;
}

/** A route below one user, who may be named in any way that Okta takes; its id is handed over, and one more part. */
export function userRoute(
  users: Users,
  method: string,
  path: string,
  answer: (id: string, part: string, seen: Seen) => Promise<Answer>,
): Route {
  return route(method, path, async ([ref = "", part = ""], seen) => {
    const found = await users.find(ref);
    return found ? answer(String(found["id"]), part, seen) : notFound(`${ref} (User)`);
  });
}

export const NO_CONTENT: Answer = { status: 204 };

/** An error as Okta writes it. */
export function fault(status: number, errorCode: string, errorSummary: string): Answer {
  return { status, body: { errorCode, errorSummary, errorLink: errorCode, errorId: "oaePeer", errorCauses: [] } };
}

export function notFound(what: string): Answer {
  return fault(404, "E0000007", `Not found: Resource not found: ${what}`);
}

/** Everything of one of the emulator's lists. */
export async function listAll(ask: Ask, path: string): Promise<Json[]> {
  const all: Json[] = [];
  for (let page = 1; ; page += 1) {
    const { body } = await ask("GET", `${path}?per_page=100&page=${page}`);
    const rows = Array.isArray(body) ? (body as Json[]) : [];
    all.push(...rows);
    // Its lists of members are not paged at all.
    if (rows.length !== 100) return all;
  }
}

/** The body of an answer that has to be a success. */
export function ok(answer: Answer): Json {
  if (answer.status >= 300) throw new Error(`the emulator answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return (answer.body ?? {}) as Json;
}

/** One page of a list, with the link to the next; the cursor is opaque. */
export function paged(items: readonly unknown[], seen: Seen, ordinary = 50, most = 200): Answer {
  const asked = Number(seen.query.get("limit") ?? ordinary);
  const size = Math.min(asked > 0 ? asked : ordinary, most);
  const from = cursorOf(seen.query.get("after"));
  if (from === undefined) return fault(400, "E0000031", "Invalid search criteria.");
  const more = items.length > from + size;
  return {
    status: 200,
    body: items.slice(from, from + size),
    ...(more ? { link: linkTo(seen, from + size, size) } : {}),
  };
}

/** The link to the page that starts at this item. */
export function linkTo(seen: Seen, from: number, size?: number): string {
  const query = new URLSearchParams(seen.query);
  query.set("after", Buffer.from(`at ${from}`).toString("base64url"));
  if (size !== undefined) query.set("limit", String(size));
  return `<http://peer${seen.path}?${query}>; rel="next"`;
}

function cursorOf(after: string | null): number | undefined {
  if (after === null) return 0;
  const [, from] = /^at (\d+)$/.exec(Buffer.from(after, "base64url").toString()) ?? [];
  return from === undefined ? undefined : Number(from);
}
