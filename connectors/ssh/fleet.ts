import { type Call, SystemError } from "../connector.ts";
import { type Host, type Login, withHost } from "./connect.ts";
import type { HostAddress } from "./hosts.ts";

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
