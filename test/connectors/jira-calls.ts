import type { Account, Call, Grant, Revoked, WorkItem } from "../../connectors/connector.ts";
import { SystemError } from "../../connectors/connector.ts";
import { ALICE, type Change, type JiraBench, startBench } from "./jira-bench.ts";

// What the tests of Jira ask, said shortly.

const opened: JiraBench[] = [];

/** Stops what `open` started; held against Jira's description then. */
export async function stopAll(): Promise<void> {
  for (const bench of opened.splice(0)) await bench.stop();
}

export async function open(change: Change = {}): Promise<JiraBench> {
  const bench = await startBench(change);
  opened.push(bench);
  return bench;
}

const silent = () => undefined;
export const call: Call = {
  signal: new AbortController().signal,
  now: () => new Date(),
  log: { debug: silent, info: silent, warn: silent, error: silent },
};

export async function arrayOf<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

export function accountOf(bench: JiraBench, id = ALICE): Account {
  return { system: bench.system.id, id, login: id, kind: "human" };
}

export function grantsOf(bench: JiraBench, id = ALICE): Promise<Grant[]> {
  return arrayOf(bench.system.listGrants(accountOf(bench, id), call));
}

export async function grantOf(bench: JiraBench, id: string, of = ALICE): Promise<Grant> {
  const grants = await grantsOf(bench, of);
  const grant = grants.find((one) => one.id === id || one.kind === id);
  if (!grant) throw new Error(`no grant ${id} among ${grants.map((one) => one.id).join(", ")}`);
  return grant;
}

export function revoke(bench: JiraBench, grant: Grant): Promise<Revoked> {
  return bench.system.revoke(grant, call);
}

export async function stateOf(bench: JiraBench, grant: Grant): Promise<string> {
  return (await bench.system.readBack(grant, call)).state;
}

export function worksOf(bench: JiraBench, id = ALICE): Promise<WorkItem[]> {
  return arrayOf(bench.system.work?.list(accountOf(bench, id), call) ?? []);
}

export async function workOf(bench: JiraBench, kind: string): Promise<WorkItem> {
  const item = (await worksOf(bench)).find((one) => one.kind === kind);
  if (!item) throw new Error(`no work of kind ${kind}`);
  return item;
}

export async function reassign(bench: JiraBench, item: WorkItem, to: string) {
  const { work } = bench.system;
  if (!work) throw new Error("the system has no work");
  return work.reassign(item, accountOf(bench, to), call);
}

/** The failure that this work ends in; an error if it does not. */
export async function failureOf(work: Promise<unknown>): Promise<SystemError["failure"]> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SystemError)) throw new Error(`a SystemError was to be thrown, not ${String(error)}`);
  return error.failure;
}
