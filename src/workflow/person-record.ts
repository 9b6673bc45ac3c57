import { z } from "zod";
import { commitment } from "../audit/commitment.ts";
import { type Entry, Personal } from "../audit/entry.ts";
import { proveEntry } from "../audit/prove.ts";
import { Unproven } from "../audit/read-proven.ts";
import type { Tx } from "../store/open.ts";
import { findPersonal, newestEntryAbout } from "../store/people.ts";
import type { Workflow } from "./workflow.ts";

/** What believing something of a person needs. */
export type Vouching = Pick<Workflow, "verifier" | "log">;

/**
 * A person as the newest entry about them says, whole: it stands beside that entry, which holds a salted commitment to it.
 * The directory's rows only say where to look, since whoever reaches the database can write them.
 */
export const PersonRecord = z.strictObject({
  name: z.string(),
  managerId: z.string().nullable(),
  zone: z.string().nullable(),
  active: z.boolean(),
  /** Lower case. */
  emails: z.array(z.string()),
  /** By system id or connector kind. */
  logins: z.record(z.string(), z.array(z.string())),
  /** Account ids that a file vouches for, by system: chat accounts. */
  accounts: z.record(z.string(), z.array(z.string())),
});
export type PersonRecord = Readonly<z.infer<typeof PersonRecord>>;

/** Entries that hold a person's record. Each holds all of it, so the newest one counts and no older one can be put back. */
export const PERSON_ENTRIES = ["person.added", "person.changed"] as const;

/** The record of a person; `undefined` if no entry vouches for one. */
export async function findRecord(tx: Tx, w: Vouching, id: string): Promise<PersonRecord | undefined> {
  if (id === "") return undefined;
  const seq = await newestEntryAbout(tx, { kind: "person", id }, PERSON_ENTRIES);
  if (seq === undefined) return undefined;
  const entry = await proven(tx, w, seq);
  return entry && recordOf(w, entry, id, await findPersonal(tx, seq));
}

/** The record beside a proven entry, if that is what it was signed with. */
export function recordOf(
  w: Vouching,
  entry: Entry,
  id: string,
  beside: { readonly salt: Uint8Array; readonly body: Uint8Array } | undefined,
): PersonRecord | undefined {
  const about = entry.target.kind === "person" && entry.target.id === id && entry.outcome === "success";
  const known = PERSON_ENTRIES.some((action) => action === entry.action);
  // Erased on request: whoever it was is not known any more.
  if (!beside) return undefined;
  if (!about || !known || commitment(beside) !== entry.personal) {
    w.log.error({ person: id, entry: entry.seq }, "what stands beside the entry of a person is not what was signed");
    return undefined;
  }
  const body = Personal.parse(JSON.parse(new TextDecoder().decode(beside.body)));
  return PersonRecord.safeParse(body["record"]).data;
}

/** The entry, or nothing and a line for the operator if the signed log does not hold it. */
export async function proven(tx: Tx, w: Vouching, seq: number): Promise<Entry | undefined> {
  try {
    return await proveEntry(tx, w.verifier, seq);
  } catch (error) {
    if (!(error instanceof Unproven)) throw error;
    w.log.error({ entry: seq, why: error.message }, "an entry about who is who is not in the signed log");
    return undefined;
  }
}
