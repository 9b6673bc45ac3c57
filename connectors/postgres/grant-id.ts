import { z } from "zod";
import { SystemError } from "../connector.ts";
import { ATTRIBUTES, type Attribute } from "./grants.ts";
import { type View, ViewName } from "./host-access.ts";
import type { PrivilegeRef } from "./privileges.ts";
import { Oid } from "./schema.ts";

/** What a grant's id says. */
export type Target =
  | { readonly kind: "login" }
  | { readonly kind: "password" }
  | { readonly kind: "attribute"; readonly attribute: Attribute }
  | { readonly kind: "session"; readonly pid: string; readonly started: string }
  | { readonly kind: "membership"; readonly role: string; readonly first: string; readonly grantor: string }
  | ({ readonly kind: "privilege" } & PrivilegeRef)
  | { readonly kind: "prepared"; readonly xid: string }
  | { readonly kind: "line"; readonly view: View; readonly key: string }
  | {
      readonly kind: "dependency";
      readonly database: string;
      readonly catalog: string;
      readonly parts: readonly string[];
    };

/** What this connector itself takes and gives back in a transaction. */
export type Takeable = Exclude<Target, { kind: "session" | ByHand }>;

/** Kinds that no statement of ours can take without deciding what is not ours to decide. */
const BY_HAND = ["dependency", "prepared", "line"] as const;
type ByHand = (typeof BY_HAND)[number];

/** Says whether a human has to do it. */
export function isByHand(target: Target): target is Extract<Target, { kind: ByHand }> {
  return (BY_HAND as readonly string[]).includes(target.kind);
}

/** Reads a grant's id. @throws SystemError `refused` if it is none of ours. */
export function parseTarget(id: string): Target {
  const [kind = "", ...parts] = id.split(":");
  const [one = "", two = "", three = ""] = parts;
  switch (kind) {
    case "login":
    case "password":
      return { kind };
    case "prepared":
      return { kind, xid: one };
    case "line":
      return { kind, view: ViewName.parse(one), key: two };
    case "attribute":
      return { kind, attribute: z.enum(ATTRIBUTES).parse(one) };
    case "session":
      return { kind, pid: one, started: two };
    case "membership":
      return { kind, role: Oid.parse(one), first: one, grantor: two === "" ? "0" : Oid.parse(two) };
    case "inherited":
      return {
        kind: "membership",
        role: Oid.parse(one),
        first: Oid.parse(two),
        grantor: three === "" ? "0" : Oid.parse(three),
      };
    case "privilege":
      return { kind, database: Oid.parse(one), class: two, ref: three };
    case "dependency":
      return { kind, database: Oid.parse(one), catalog: two, parts: parts.slice(2) };
    default:
      throw new SystemError({ code: "refused", reason: "this is no grant of this system" });
  }
}
