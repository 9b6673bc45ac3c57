import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import type { Configured, System } from "../../connectors/connector.ts";
import { importPeople } from "../people/import-people.ts";
import { type Encoding, readPeople } from "../people/triggers/csv.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { counted, shown, type Terminal } from "./say.ts";

export interface ImportPeopleOptions {
  readonly dryRun?: boolean;
  readonly encoding: Encoding;
}

/** `signoff import people`. @returns the exit code */
export async function importPeopleFile(
  path: string,
  parts: {
    readonly workflow: Workflow;
    readonly configured: readonly Configured[];
    readonly zone?: string | undefined;
  },
  options: ImportPeopleOptions,
  terminal: Terminal,
): Promise<number> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    terminal.err(`${path} cannot be read (${cause.code}).`);
  });
  if (bytes === undefined) return 1;
  const systems = loginColumns([...parts.workflow.systems.values()], parts.configured);
  const read = readPeople(bytes, { encoding: options.encoding, systems });
  if (read.kind === "refused") return refuse(read.faults, terminal);
  const dryRun = options.dryRun === true;
  const by = { kind: "operator", user: userInfo().username } as const;
  const result = await importPeople(parts.workflow, read.file, { by, zone: parts.zone, dryRun });
  if (result.kind === "refused") return refuse(result.faults, terminal);
  const added = result.people.filter(({ kind }) => kind === "added").length;
  const changed = result.people.length - added;
  const same = read.file.people.length - result.people.length;
  const verb = dryRun ? "would be added" : "added";
  terminal.out(`${counted(added, "person", "people")} ${verb}, ${changed} changed, ${same} as before.`);
  for (const { id, kind, fields } of dryRun ? result.people : []) {
    terminal.out(`  ${kind === "added" ? "+" : "~"} ${shown(id)}: ${fields.map(shown).join(", ")}`);
  }
  if (result.notInFile > 0) {
    terminal.out(`${counted(result.notInFile, "person is", "people are")} not in this file and stay as they are.`);
  }
  if (result.kept > 0) {
    terminal.out(`${counted(result.kept, "identifier stays", "identifiers stay")}: their person's case is not over.`);
  }
  if (read.file.ignored.length > 0) {
    const names = read.file.ignored.map((name) => `“${shown(name)}”`).join(", ");
    terminal.err(
      `Not read: ${names}. Columns with logins are named after a system: ${systems.join(", ") || "none is on"}.`,
    );
  }
  if (dryRun) terminal.out("Nothing was written.");
  return 0;
}

/** Ids and kinds of systems whose accounts a file can vouch for; what is done by hand has none. */
function loginColumns(systems: readonly System[], configured: readonly Configured[]): string[] {
  const ids = systems.filter(({ manual }) => manual === undefined).map(({ id }) => id.toLowerCase());
  const kinds = configured.map(({ kind }) => kind).filter((kind) => ids.some((id) => id.startsWith(`${kind}:`)));
  return [...new Set([...kinds, ...ids])];
}

function refuse(faults: readonly string[], terminal: Terminal): number {
  const most = 50;
  for (const fault of faults.slice(0, most)) terminal.err(fault);
  if (faults.length > most) terminal.err(`… and ${faults.length - most} more.`);
  terminal.err("Nothing was imported.");
  return 1;
}
