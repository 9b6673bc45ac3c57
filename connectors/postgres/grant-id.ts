import { z } from "zod";
import { SystemError } from "../connector.ts";
import { ATTRIBUTES, type Attribute } from "./grants.ts";
import type { PrivilegeRef } from "./privileges.ts";
import { Oid } from "./schema.ts";

/** What a grant's id says. */
export type Target =
  | { readonly kind: "login" }
  | { readonly kind: "attribute"; readonly attribute: Attribute }
  | { readonly kind: "session"; readonly pid: string; readonly started: string }
  | { readonly kind: "membership"; readonly role: string; readonly first: string; readonly grantor: string }
  | ({ readonly kind: "privilege" } & PrivilegeRef)
  | {
      readonly kind: "dependency";
      readonly database: string;
      readonly catalog: string;
      readonly parts: readonly string[];
    };

/** What this connector itself takes and gives back in a transaction. */
export type Takeable = Exclude<Target, { kind: "session" | "dependency" }>;

/** Reads a grant's id. @throws SystemError `refused` if it is none of ours. */
export function parseTarget(id: string): Target {
  const [kind = "", ...parts] = id.split(":");
  const [one = "", two = "", three = ""] = parts;
  switch (kind) {
    case "login":
      return { kind };
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
