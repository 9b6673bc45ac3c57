import { afterEach } from "vitest";
import type { Account, Call, Grant, WorkItem } from "../../connectors/connector.ts";
import { SystemError } from "../../connectors/connector.ts";
import type { Rule } from "../peers/github.ts";
import type { GitHubSeed } from "../peers/github-seed.ts";
import type { Exchange } from "../peers/specs.ts";
import { type GitHubBench, SEED, startBench } from "./github-bench.ts";

// What the tests of the GitHub connector share: a peer that ends with its test, and calls of the connector.

const opened: GitHubBench[] = [];
afterEach(async () => {
  for (const bench of opened.splice(0)) await bench.stop();
});

/** A fresh organization, with these changes to the seed. It ends with the test. */
export async function open(change: Partial<GitHubSeed> = {}): Promise<GitHubBench> {
  const bench = await startBench({ ...SEED, ...change });
  opened.push(bench);
  return bench;
}

const silent = () => undefined;
/** A call that nobody ends. */
export const call: Call = {
  signal: new AbortController().signal,
  now: () => new Date(),
  log: { debug: silent, info: silent, warn: silent, error: silent },
};

/** The account that has this login now. */
export function accountOf(bench: GitHubBench, login: string): Account {
  const person = bench.peer.people.get(login);
  return { system: bench.system.id, id: String(person.id), login: person.login, kind: "human" };
}

/** All grants of Alice, or of another. */
export async function grantsOf(bench: GitHubBench, login = "alice-dev"): Promise<Grant[]> {
  const grants: Grant[] = [];
  for await (const grant of bench.system.listGrants(accountOf(bench, login), call)) grants.push(grant);
  return grants;
}

/** All work of Alice, or of another. */
export async function workOf(bench: GitHubBench, login = "alice-dev"): Promise<WorkItem[]> {
  const items: WorkItem[] = [];
  for await (const item of bench.system.work?.list(accountOf(bench, login), call) ?? []) items.push(item);
  return items;
}

/** The failure that is thrown; anything else fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<SystemError["failure"]> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof SystemError)) throw new Error(`no SystemError: ${String(error)}`);
  return error.failure;
}

/** Whether a grant is there. */
export async function readState(bench: GitHubBench, grant: Grant): Promise<string> {
  return (await bench.system.readBack(grant, call)).state;
}

/** Alice is a member. */
export const ALICE_IN: Partial<GitHubSeed> = { members: [...SEED.members, { login: "Alice-Dev" }] };
/** Every request. */
export const all: Rule["when"] = () => true;

/** What a client tried to change; GraphQL only reads. */
export function writesTo(bench: GitHubBench): Exchange[] {
  return bench.peer.requests.filter(({ method, path }) => method !== "GET" && path !== "/graphql");
}

/** The only grant of this kind. */
export async function grantOf(bench: GitHubBench, kind: string, login = "alice-dev"): Promise<Grant> {
  const [grant, ...others] = (await grantsOf(bench, login)).filter((one) => one.kind === kind);
  if (!grant || others.length > 0) throw new Error(`not one grant of kind ${kind}`);
  return grant;
}

/** The only work of this kind. */
export async function workOfKind(bench: GitHubBench, kind: string): Promise<WorkItem> {
  const [item, ...others] = (await workOf(bench)).filter((one) => one.kind === kind);
  if (!item || others.length > 0) throw new Error(`not one ${kind}`);
  return item;
}
