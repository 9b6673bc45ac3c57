import type { Account, Call, Grant } from "../connector.ts";
import { done, type Fleet, notesOf } from "./fleet.ts";
import { grantIdOf } from "./grant-id.ts";
import type { KeyFile } from "./key-file.ts";
import { type Line, parseKeyFile } from "./key-line.ts";
import { type Picture, readFleet } from "./picture.ts";
import { shown } from "./survey.ts";

/** Lines of a file that one key stands on. */
export interface Held {
  readonly at: number;
  readonly line: Line;
}

/** Every line with the key in every file of every host, and the sessions that were opened with it. */
export async function listKeyGrants(fleet: Fleet, account: Account, call: Call): Promise<Grant[]> {
  const pictures = done(fleet, call, await readFleet(fleet, call));
  const { blind } = notesOf(fleet, call);
  return pictures.flatMap((picture) => {
    const grants = listOf(fleet, picture, account.id);
    for (const what of picture.survey.blind) blind.add(what);
    for (const file of picture.files) for (const what of unreadIn(picture, file)) blind.add(what);
    // Whoever was root may have left anything behind, and made it invisible.
    const root = picture.logins.some(({ fingerprint, user }) => fingerprint === account.id && picture.admins.has(user));
    if (root || grants.some(({ privileged }) => privileged))
      blind.add(`${picture.id}: whether it is clean, since the person could be root there`);
    return grants;
  });
}

function listOf(fleet: Fleet, picture: Picture, fingerprint: string): Grant[] {
  const keys: Grant[] = [];
  for (const file of picture.files) {
    const own = heldIn(file, fingerprint);
    for (const authority of [false, true]) {
      const lines = own.filter(({ line }) => line.content.kind === "key" && line.content.authority === authority);
      if (lines.length > 0) keys.push(keyGrant(fleet, picture, fingerprint, file, lines));
    }
  }
  const sessions = picture.logins.filter((login) => login.live && login.fingerprint === fingerprint);
  return [
    ...sessions.map(
      ({ user, from, port, pid }): Grant => ({
        system: fleet.system,
        account: fingerprint,
        id: grantIdOf({ kind: "session", host: picture.id, fingerprint, session: { user, from, port, pid } }),
        kind: "session",
        resource: `${shown(user)} on ${picture.id}, from ${from}`,
        role: shown(user),
        stage: "sessions",
        // While the key is there, whoever lost the session logs in again.
        after: keys.map(({ id }) => id),
        outlivesSignOn: true,
        reversible: "always",
        privileged: picture.admins.has(user),
        secrets: [],
        breaks: ["what runs in this session ends, and what is not saved is lost"],
        before: { host: picture.id },
      }),
    ),
    ...keys,
  ];
}

function keyGrant(fleet: Fleet, picture: Picture, fingerprint: string, file: KeyFile, lines: readonly Held[]): Grant {
  const names = picture.survey.files.get(file.path) ?? [];
  const content = lines[0]?.line.content;
  const authority = content?.kind === "key" && content.authority;
  const kind = authority ? "authority" : "key";
  return {
    system: fleet.system,
    account: fingerprint,
    id: grantIdOf({ kind, host: picture.id, fingerprint, path: file.path }),
    kind: authority ? "certificate-authority" : "authorized-key",
    resource: `${names.slice(0, 3).map(shown).join(", ")}${names.length > 3 ? " …" : ""} on ${picture.id}: ${shown(file.path)}`,
    role: names.slice(0, 20).map(shown).join(", "),
    stage: "memberships",
    after: [],
    outlivesSignOn: true,
    reversible: "always",
    privileged: names.some((name) => picture.admins.has(name)),
    secrets: [],
    breaks: [
      ...(authority ? ["every certificate that this key signed stops opening these accounts"] : []),
      ...(names.length > 1 ? [`the key opens ${names.length} accounts through this one file`] : []),
      "scripts and jobs that log in with this key stop",
    ],
    before: beforeOf(picture, file, lines),
  };
}

/** What `restore` needs: the removed lines with their places, byte for byte. Public keys are no secret. */
function beforeOf({ id }: Picture, file: KeyFile, lines: readonly Held[]): Record<string, string> {
  return {
    host: id,
    file: shown(file.path),
    lines: JSON.stringify(
      lines.map(({ at, line }) => ({ at, base64: Buffer.from(line.bytes, "latin1").toString("base64") })),
    ),
    text: lines.map(({ line }) => shown(line.bytes.trim())).join("\n"),
  };
}

/** The lines of a file with this key, whatever their comments say. */
export function heldIn(file: KeyFile, fingerprint: string): Held[] {
  if (file.state !== "read") return [];
  return parseKeyFile(file.bytes).flatMap((line, at) =>
    line.content.kind === "key" && line.content.fingerprint === fingerprint ? [{ at, line }] : [],
  );
}

function unreadIn({ id }: Picture, file: KeyFile): string[] {
  if (file.state === "unread") return [`${id}: ${shown(file.path)}, since ${shown(file.why)}`];
  if (file.state === "absent") return [];
  const lines = parseKeyFile(file.bytes).flatMap(({ content }, at) => (content.kind === "unread" ? [at + 1] : []));
  if (lines.length === 0) return [];
  const some = `${lines.slice(0, 20).join(", ")}${lines.length > 20 ? " …" : ""}`;
  return [`${id}: ${shown(file.path)}, line ${some}: no key that can be read`];
}
