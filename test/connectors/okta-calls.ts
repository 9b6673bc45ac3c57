import type { Account, Call, Grant, Reading } from "../../connectors/connector.ts";
import { SystemError } from "../../connectors/connector.ts";
import type { OktaSeed } from "../peers/okta.ts";
import { LOGIN, type OktaBench, SEED, startBench } from "./okta-bench.ts";

// What the tests of Okta ask, said shortly.

const opened: OktaBench[] = [];
/** Stops what `open` started; held against Okta's description then. */
export async function stopAll(): Promise<void> {
  for (const bench of opened.splice(0)) await bench.stop();
}

export async function open(change: Partial<OktaSeed> = {}): Promise<OktaBench> {
  const bench = await startBench({ ...SEED, ...change });
  opened.push(bench);
  return bench;
}

export async function arrayOf<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const silent = () => undefined;
export const call: Call = {
  signal: new AbortController().signal,
  now: () => new Date(),
  log: { debug: silent, info: silent, warn: silent, error: silent },
};

export async function accountOf(bench: OktaBench, login = LOGIN): Promise<Account> {
  return { system: bench.system.id, id: await bench.peer.org.idOf(login), login, kind: "human" };
}

export async function grantsOf(bench: OktaBench, login = LOGIN): Promise<Grant[]> {
  return arrayOf(bench.system.listGrants(await accountOf(bench, login), call));
}

export async function grantOf(bench: OktaBench, kind: string, login = LOGIN): Promise<Grant> {
  const grant = (await grantsOf(bench, login)).find((one) => one.kind === kind);
  if (!grant) throw new Error(`no grant of kind ${kind}`);
  return grant;
}

export async function failureOf(work: Promise<unknown>): Promise<SystemError["failure"]> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof SystemError)) throw new Error(`no SystemError: ${String(error)}`);
  return error.failure;
}

export async function read(bench: OktaBench, grant: Grant): Promise<Reading["state"]> {
  return (await bench.system.readBack(grant, call)).state;
}

/** Alice with these changes, among the others. */
export function withAlice(alice: Partial<OktaSeed["users"][number]>): Partial<OktaSeed> {
  return { users: SEED.users.map((user) => (user.login === LOGIN ? { ...user, ...alice } : user)) };
}

export const changes = (bench: OktaBench) => bench.peer.requests.filter((request) => request.method !== "GET");
