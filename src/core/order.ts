import { z } from "zod";
import { Grant, grantKey, isContested, STAGES } from "./access.ts";

// What goes before what: within a system by its grants' ids, across systems by their places, and why.

/** One act of a plan, in order, with its reason. */
export const PlanStep = z.object({
  key: z.string(),
  grant: Grant,
  position: z.number().int(),
  reason: z.string(),
  /** Keys of the steps that must be over before this one. */
  after: z.array(z.string()).readonly(),
  /** revoke: we act · with: it ends with another grant and is only read back · by-hand: its owner does it */
  act: z.enum(["revoke", "with", "by-hand"]),
});
export type PlanStep = Readonly<z.infer<typeof PlanStep>>;

/** Grants that wait for each other in a circle: each is said to go after the next one, and the last after the first. */
export class PlanCycle extends Error {
  readonly systems: readonly string[];

  constructor(circle: readonly Grant[]) {
    const several = new Set(circle.map(({ system }) => system)).size > 1;
    const names = circle.map(({ system, id }) => (several ? `${id} (${system})` : id));
    super(`the order of these contradicts itself: ${names.join(" after ")}`);
    this.name = "PlanCycle";
    this.systems = [...new Set(circle.map(({ system }) => system))];
  }
}

type Keys = ReadonlyMap<string, Grant>;

/**
 * Puts grants in order: first those that say so, then sessions, memberships, accounts, the chat, at the end what says that it
 * goes last, and then what is final; within that what a connector says must go before what. A step waits for those that must be over before it.
 * Throws `PlanCycle`, which names the circle, if they contradict each other.
 */
export function orderGrants(grants: readonly Grant[], manual: ReadonlySet<string>): PlanStep[] {
  const byKey: Keys = new Map(grants.map((grant) => [grantKey(grant), grant]));
  const tied = new Map(grants.map((grant) => [grantKey(grant), tiesOf(grant, byKey)]));
  for (const grant of grants)
    for (const id of grant.precedes ?? []) tied.get(grantKey({ ...grant, id }))?.push(grantKey(grant));
  const place = new Map(grants.map((grant) => [grantKey(grant), placeOf(grant, byKey)]));
  const earlier = keysBefore(place);
  const waitsFor = new Map(
    [...tied].map(([key, own]) => [key, [...new Set([...own, ...(earlier.get(place.get(key) ?? 1) ?? [])])]]),
  );
  const done = new Set<string>();
  const steps: PlanStep[] = [];
  const rest = [...grants].sort(
    (a, b) =>
      (place.get(grantKey(a)) ?? 0) - (place.get(grantKey(b)) ?? 0) ||
      STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage) ||
      order(a.system, b.system) ||
      order(a.id, b.id),
  );
  while (rest.length > 0) {
    const at = rest.findIndex((grant) => (waitsFor.get(grantKey(grant)) ?? []).every((key) => done.has(key)));
    if (at < 0) throw new PlanCycle(circleOf(rest, waitsFor, byKey));
    const [grant] = rest.splice(at, 1);
    if (!grant) break;
    const key = grantKey(grant);
    const after = waitsFor.get(key) ?? [];
    steps.push({
      key,
      grant,
      position: steps.length,
      after,
      act: manual.has(grant.system) ? "by-hand" : byKey.has(viaKey(grant)) ? "with" : "revoke",
      reason: reasonOf(grant, tied.get(key) ?? [], byKey),
    });
    done.add(key);
  }
  return steps;
}

/** Code-unit order: the same on every machine, unlike localeCompare. */
export function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Keys that this grant itself names. */
function tiesOf(grant: Grant, byKey: Keys): string[] {
  const ids = grant.via === undefined ? grant.after : [...grant.after, grant.via];
  const own = ids.map((id) => grantKey({ ...grant, id })).filter((key) => byKey.has(key));
  const across = [...byKey].filter(
    ([, other]) =>
      other.system !== grant.system &&
      // What is final waits for everybody else, so nobody may wait for it.
      (other.stage !== "final" || grant.stage === "final") &&
      (grant.afterSystems ?? []).some((name) => isOf(other.system, name)),
  );
  return [...new Set([...own, ...across.map(([key]) => key)])];
}

/** A kind names all its systems: `github` is `github:acme` as well. */
function isOf(system: string, name: string): boolean {
  return system === name || system.startsWith(`${name}:`);
}

const FIRST = 0;
const CHAT = 2;
const LAST = 3;
const FINAL = 4;

/** What ends with another grant, or goes after it, has no earlier place than that one. */
function placeOf(grant: Grant, byKey: Keys, seen: ReadonlySet<string> = new Set()): number {
  if (grant.stage === "final") return FINAL;
  const own =
    grant.place?.at === "first" ? FIRST : grant.place?.at === "last" ? LAST : grant.stage === "chat" ? CHAT : 1;
  const key = grantKey(grant);
  if (seen.has(key)) return own;
  const named = [...grant.after, ...(grant.via === undefined ? [] : [grant.via])].flatMap(
    (id) => byKey.get(grantKey({ ...grant, id })) ?? [],
  );
  return Math.max(own, ...named.map((other) => placeOf(other, byKey, new Set([...seen, key]))));
}

/** By place, the keys of the place right before it: they in turn wait for the ones before them. */
function keysBefore(places: ReadonlyMap<string, number>): ReadonlyMap<number, readonly string[]> {
  const used = [...new Set(places.values())].sort((a, b) => a - b);
  const keysAt = (at: number | undefined) => [...places].filter(([, place]) => place === at).map(([key]) => key);
  return new Map(used.map((place, index) => [place, keysAt(used[index - 1])]));
}

/** Follows what waits for what until something comes again. */
function circleOf(rest: readonly Grant[], waitsFor: ReadonlyMap<string, readonly string[]>, byKey: Keys): Grant[] {
  const stuck = new Set(rest.map(grantKey));
  const path: string[] = [];
  let key = [...stuck][0];
  while (key !== undefined && !path.includes(key)) {
    path.push(key);
    key = (waitsFor.get(key) ?? []).find((other) => stuck.has(other));
  }
  return path.slice(key === undefined ? 0 : path.indexOf(key)).flatMap((one) => byKey.get(one) ?? []);
}

function viaKey(grant: Grant): string {
  return grant.via === undefined ? "" : grantKey({ ...grant, id: grant.via });
}

function reasonOf(grant: Grant, tied: readonly string[], byKey: Keys): string {
  if (isContested(grant)) return `a human decides whose it is: ${grant.contested?.join("; ")}`;
  const via = byKey.get(viaKey(grant));
  if (via) return `ends with ${via.resource}`;
  if (grant.stage === "final") return "once the access is gone and the work handed over: it cannot be given back";
  const within = tied.flatMap((key) => byKey.get(key) ?? []).filter(({ system }) => system === grant.system);
  const systems = [...new Set(tied.flatMap((key) => byKey.get(key)?.system ?? []))].filter((id) => id !== grant.system);
  if (tied.length > 0)
    return [
      ...(within.length > 0 ? [`after ${someOf(within.map(({ resource }) => resource))}`] : []),
      ...(systems.length > 0 ? [`after everything in ${systems.join(", ")}`] : []),
    ].join(", and ");
  if (grant.place)
    return `${grant.place.at === "first" ? "before everything else" : "after everything else"}: ${grant.place.why}`;
  switch (grant.stage) {
    case "sessions":
      return "first: what is open now is closed";
    case "memberships":
      return "then what the account may do";
    case "account":
      return "then the account itself";
    case "chat":
      return "last, so that people can still be asked";
    default:
      return grant.stage satisfies never;
  }
}

/** A few names; of more than four only how many they are is worth saying. */
function someOf(names: readonly string[]): string {
  return names.length > 4 ? `${names.length} others of this system` : names.join(", ");
}
