import { type Call, type SeenAccount, SystemError } from "../connector.ts";
import { type Host, type Login, withHost } from "./connect.ts";
import type { HostAddress } from "./hosts.ts";
import type { Picture } from "./picture.ts";

/** The hosts of one system, and who may never be locked out of them. */
export interface Fleet {
  /** The system's id: `ssh:production`. */
  readonly system: string;
  readonly login: Login;
  readonly addresses: readonly HostAddress[];
  /** Holds a call back while too many hosts are talked to. */
  readonly gate: <T>(work: () => Promise<T>) => Promise<T>;
  /** The key that we log in with. */
  readonly ownKey: string;
  /** Keys that are never taken: break-glass. */
  readonly protectedKeys: readonly string[];
  /** What the visits under a call showed; it goes with the call. */
  readonly pictures: WeakMap<Call, Promise<Visit<Picture>[]>>;
  readonly seen: WeakMap<Call, readonly SeenAccount[]>;
  readonly notes: WeakMap<Call, Notes>;
}

/** What the listings under one call could not see. */
export interface Notes {
  readonly blind: Set<string>;
  /** Hosts that did not answer. */
  readonly unanswered: Set<string>;
}

/** What came of a host, or why nothing did. */
export type Visit<T> =
  | { readonly state: "done"; readonly host: HostAddress; readonly value: T }
  | { readonly state: "failed"; readonly host: HostAddress; readonly error: SystemError };

/** Does the same on every host, several at once. A host that fails is told beside those that did not. */
export async function visitAll<T>(fleet: Fleet, call: Call, work: (host: Host) => Promise<T>): Promise<Visit<T>[]> {
  return Promise.all(
    fleet.addresses.map(async (host): Promise<Visit<T>> => {
      try {
        return { state: "done", host, value: await fleet.gate(() => withHost(fleet.login, host, call, work)) };
      } catch (error) {
        if (error instanceof SystemError) return { state: "failed", host, error };
        throw error;
      }
    }),
  );
}

/** Does something on the host with this id. @throws SystemError `refused` if the configuration does not name it any more. */
export async function visitOne<T>(fleet: Fleet, id: string, call: Call, work: (host: Host) => Promise<T>): Promise<T> {
  const address = fleet.addresses.find((one) => one.id === id);
  if (!address) throw new SystemError({ code: "refused", reason: `host ${id} is not among those of ${fleet.system}` });
  return fleet.gate(() => withHost(fleet.login, address, call, work));
}

/** The notes of a call, to be added to. */
export function notesOf(fleet: Fleet, call: Call): Notes {
  const known = fleet.notes.get(call);
  if (known) return known;
  const notes: Notes = { blind: new Set(), unanswered: new Set() };
  fleet.notes.set(call, notes);
  return notes;
}

/**
 * The values of those hosts that could be visited. One that could not is noted as blind and hides nothing of the others;
 * if none could, throws why the first one could not.
 */
export function done<T>(fleet: Fleet, call: Call, visits: readonly Visit<T>[]): T[] {
  const failed = visits.flatMap((visit) => (visit.state === "failed" ? [visit] : []));
  const [first] = failed;
  if (first && failed.length === visits.length) throw first.error;
  const notes = notesOf(fleet, call);
  for (const { host, error } of failed) {
    const what = `all of host ${host.id}, since ${whyOf(error)}`;
    notes.blind.add(what);
    // A host that shows another key or lets us in no more is mended by a human, and then shows itself too.
    notes.unanswered.add(what);
  }
  return visits.flatMap((visit) => (visit.state === "done" ? [visit.value] : []));
}

function whyOf({ failure }: SystemError): string {
  switch (failure.code) {
    case "forbidden":
      return failure.scope ? `${failure.scope} is missing` : "it lets us see nothing";
    case "refused":
      return failure.reason;
    case "conflict":
      return failure.blockers.join(", ");
    case "rate-limited":
    case "unreachable":
      return "it did not answer";
    default:
      return failure satisfies never;
  }
}
