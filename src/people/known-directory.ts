import { proveEntries } from "../audit/prove.ts";
import { type DirectoryRows, findPersonals, type Identifier, newestEntries, readRows } from "../store/directory.ts";
import type { Tx } from "../store/open.ts";
import { PERSON_ENTRIES, type PersonRecord, recordOf, type Vouching } from "../workflow/person-record.ts";

/** The directory as a whole: what signed entries say, and the rows that are the index of it. */
export interface Directory {
  /** By person id. Whoever has rows and no entry is not in it: importing them vouches for them. */
  readonly known: ReadonlyMap<string, PersonRecord>;
  /** Accounts whose owner was learned otherwise than from a file. */
  readonly noted: readonly Identifier[];
  readonly rows: DirectoryRows;
}

/** Reads everything, each entry proven, and keeps other imports out until the transaction ends. */
export async function readDirectory(tx: Tx, w: Vouching): Promise<Directory> {
  const rows = await readRows(tx);
  const people = await newestEntries(tx, "person", PERSON_ENTRIES);
  const accounts = await newestEntries(tx, "account", ["account.noted"]);
  const entries = await proveEntries(
    tx,
    w.verifier,
    [...people, ...accounts].map(({ seq }) => seq),
  );
  const beside = await findPersonals(
    tx,
    people.map(({ seq }) => seq),
  );
  const known = new Map<string, PersonRecord>();
  for (const { seq } of people) {
    const entry = entries.get(seq);
    const record = entry && recordOf(w, entry, entry.target.id, beside.get(seq));
    if (entry && record) known.set(entry.target.id, record);
  }
  const noted = accounts.flatMap(({ seq }): Identifier[] => {
    const entry = entries.get(seq);
    const personId = entry?.detail?.["person"];
    const system = entry?.target.system;
    if (entry?.action !== "account.noted" || system === undefined || typeof personId !== "string") return [];
    return [{ system, value: entry.target.id, personId }];
  });
  return { known, noted, rows };
}
