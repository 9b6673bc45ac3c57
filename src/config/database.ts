import { realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import type { Fault } from "../../connectors/connector.ts";
import type { Secret } from "../core/secret.ts";
import { isFaulty } from "./faults.ts";
import type { Variables } from "./variables.ts";

/** Where the database is: a server that is given, or one of our own in a folder. */
export type DatabaseConfig =
  | { readonly kind: "given"; readonly url: Secret; readonly ownerUrl: Secret }
  | { readonly kind: "embedded"; readonly folder: string };

/** The checkout, which is thrown away and cloned again: nothing that must last may lie in it. */
const CHECKOUT = join(import.meta.dirname, "..", "..");

/** The database that the variables name; what is missing or contradicts is added to `faults`. */
export function databaseOf(variables: Variables, faults: Fault[]): DatabaseConfig | undefined {
  const { DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl, SIGNOFF_DATABASE, SIGNOFF_DATA_FOLDER: folder } = variables;
  const fault = (variable: string, problem: string) => {
    if (!isFaulty(faults, variable)) faults.push({ variable, problem });
    return undefined;
  };
  if (SIGNOFF_DATABASE === undefined) {
    if (folder !== undefined) fault("SIGNOFF_DATA_FOLDER", "is only for SIGNOFF_DATABASE=embedded");
    if (url) return { kind: "given", url, ownerUrl: ownerUrl ?? url };
    if (isFaulty(faults, "SIGNOFF_DATABASE")) return undefined;
    return fault("DATABASE_URL", "is missing (or SIGNOFF_DATABASE=embedded, with SIGNOFF_DATA_FOLDER)");
  }
  if (url || ownerUrl) fault("SIGNOFF_DATABASE", "and DATABASE_URL are both set: use one");
  if (folder === undefined) return fault("SIGNOFF_DATA_FOLDER", "is missing");
  if (isWithin(folder, CHECKOUT))
    return fault("SIGNOFF_DATA_FOLDER", "lies in Signoff's own folder: choose one outside");
  return { kind: "embedded", folder };
}

/** Whether a folder that need not exist lies in another, links followed. */
function isWithin(folder: string, parent: string): boolean {
  let existing = folder;
  let rest = "";
  for (;;) {
    try {
      const real = join(realpathSync(existing), rest);
      return `${real}${sep}`.startsWith(`${realpathSync(parent)}${sep}`);
    } catch {
      if (dirname(existing) === existing) return false;
      rest = join(basename(existing), rest);
      existing = dirname(existing);
    }
  }
}
