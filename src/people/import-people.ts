import type { Actor } from "../audit/entry.ts";
import { changeDirectory } from "../store/directory.ts";
import { type Said, transition } from "../workflow/transition.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { type Comparison, comparePeople, type PersonChange } from "./compare.ts";
import { readDirectory } from "./known-directory.ts";
import type { PeopleFile } from "./triggers/csv.ts";

export interface ImportOptions {
  /** Who runs the command on this machine. */
  readonly by: Actor;
  /** The zone of people whose line names none. */
  readonly zone?: string | undefined;
  /** Say what would happen, and write nothing. */
  readonly dryRun: boolean;
}

/**
 * Brings the directory to what a people file says, in one transaction with one entry a person, or not at all. Who is not in
 * the file stays: an export that lost half the company must not look like people leaving.
 */
export function importPeople(w: Workflow, file: PeopleFile, options: ImportOptions): Promise<Comparison> {
  return transition<Comparison>(w, async (tx) => {
    const compared = comparePeople(file, await readDirectory(tx, w), options.zone);
    if (compared.kind === "refused" || options.dryRun) return { result: compared };
    await changeDirectory(tx, compared.write, w.now());
    return {
      result: compared,
      entries: [
        importedEntry(file, compared, options.by),
        ...compared.people.map((change) => personEntry(change, options.by)),
      ],
    };
  });
}

function importedEntry(file: PeopleFile, compared: Comparison & { kind: "compared" }, by: Actor): Said {
  const count = (kind: PersonChange["kind"]) => compared.people.filter((change) => change.kind === kind).length;
  return {
    actor: by,
    action: "people.imported",
    outcome: "success",
    target: { kind: "file", id: file.sha256 },
    case: null,
    detail: {
      sha256: file.sha256,
      people: file.people.length,
      added: count("added"),
      changed: count("changed"),
      notInFile: compared.notInFile,
      kept: compared.kept,
    },
  };
}

function personEntry(change: PersonChange, by: Actor): Said {
  return {
    actor: by,
    action: change.kind === "added" ? "person.added" : "person.changed",
    outcome: "success",
    target: { kind: "person", id: change.id },
    case: null,
    detail: { fields: [...change.fields] },
    // The record is what everything about this person rests on: rights, and which accounts are theirs.
    personal: { before: copy(change.before), after: copy(change.after), record: change.record },
  };
}

function copy(fields: PersonChange["after"]): Record<string, string | string[] | null> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" || value === null ? value : [...value],
    ]),
  );
}
