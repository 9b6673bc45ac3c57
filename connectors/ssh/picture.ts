import type { Call, SeenAccount } from "../connector.ts";
import type { Host } from "./connect.ts";
import { type Fleet, type Visit, visitAll } from "./fleet.ts";
import { type KeyFile, readKeyFiles } from "./key-file.ts";
import { parseKeyFile } from "./key-line.ts";
import { type Login, readLogins } from "./sessions.ts";
import { quoted } from "./shell.ts";
import { type Survey, shown, surveyHost } from "./survey.ts";

/** What one visit of a host shows, whosever it is. */
export interface Picture {
  readonly id: string;
  readonly survey: Survey;
  readonly files: readonly KeyFile[];
  /** Accounts that are as good as root there. */
  readonly admins: ReadonlySet<string>;
  /** Logins with keys, as sshd's log tells them. */
  readonly logins: readonly Login[];
}

/** Visits every host once a call, however many keys a person has. */
export function readFleet(fleet: Fleet, call: Call): Promise<Visit<Picture>[]> {
  const known = fleet.pictures.get(call);
  if (known) return known;
  const visits = visitAll(fleet, call, (host) => pictureOf(host));
  fleet.pictures.set(call, visits);
  visits.then(
    (all) => fleet.seen.set(call, seenIn(fleet, all)),
    () => undefined,
  );
  return visits;
}

async function pictureOf(host: Host): Promise<Picture> {
  const survey = await surveyHost(host);
  const files = await readKeyFiles(host, survey.files.keys());
  const users = new Set(
    files.flatMap((file) => (fingerprintsIn(file).length > 0 ? (survey.files.get(file.path) ?? []) : [])),
  );
  const admins = new Set([...survey.admins, ...(await sudoersOf(host, users))]);
  return { id: host.id, survey, files, admins, logins: await readLogins(host) };
}

/** Fingerprints of all keys of a file, one for each line. */
export function fingerprintsIn(file: KeyFile): string[] {
  if (file.state !== "read") return [];
  return parseKeyFile(file.bytes).flatMap(({ content }) => (content.kind === "key" ? [content.fingerprint] : []));
}

function seenIn(fleet: Fleet, visits: readonly Visit<Picture>[]): SeenAccount[] {
  const all = new Map<string, { where: string[]; usedAs: Set<string> }>();
  for (const visit of visits) {
    if (visit.state !== "done") continue;
    const { id, survey, files, logins } = visit.value;
    for (const file of files) {
      const names = survey.files.get(file.path) ?? [];
      const where = `${names.slice(0, 3).map(shown).join(", ")}${names.length > 3 ? " …" : ""} on ${id}: ${shown(file.path)}`;
      for (const fingerprint of new Set(fingerprintsIn(file))) {
        const one = all.get(fingerprint) ?? { where: [], usedAs: new Set<string>() };
        one.where.push(where);
        all.set(fingerprint, one);
      }
    }
    for (const { fingerprint, user } of logins) all.get(fingerprint)?.usedAs.add(`user:${shown(user)}`);
  }
  for (const own of [fleet.ownKey, ...fleet.protectedKeys]) all.delete(own);
  return [...all].map(([id, { where, usedAs }]) => ({
    id,
    where: `${where.slice(0, 3).join("; ")}${where.length > 3 ? `; and ${where.length - 3} more` : ""}`,
    usedAs: [...usedAs],
  }));
}

/** Those of the accounts that sudo lets become somebody else. */
async function sudoersOf(host: Host, users: ReadonlySet<string>): Promise<string[]> {
  if (users.size === 0) return [];
  const answers = await host.run(
    `if command -v sudo >/dev/null; then :\n${[...users]
      .map((name) => `say sudo ${quoted(name)} "$(sudo -n -l -U ${quoted(name)} 2>&1)"`)
      .join("\n")}\nfi`,
  );
  return answers.flatMap(({ word, fields: [name = "", said = ""] }) =>
    word === "sudo" && /may run the following commands/.test(said) ? [name] : [],
  );
}
