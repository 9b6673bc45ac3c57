import type { Account, Call, Grant, SystemError } from "../connector.ts";
import type { Host } from "./connect.ts";
import { type Fleet, visitAll } from "./fleet.ts";
import { grantIdOf } from "./grant-id.ts";
import { type KeyFile, readKeyFiles } from "./key-file.ts";
import { type Line, parseKeyFile } from "./key-line.ts";
import { listSessions } from "./sessions.ts";
import { quoted } from "./shell.ts";
import { type Survey, shown, surveyHost } from "./survey.ts";

/** Grants of one account, and what the hosts could not show. */
export interface Listing {
  readonly grants: readonly Grant[];
  readonly blind: readonly string[];
}

/** Lines of a file that one key stands on. */
export interface Held {
  readonly at: number;
  readonly line: Line;
}

/**
 * Reads every file of keys on every host. A host that cannot be read is named as blind and hides nothing of the others;
 * if none can be read, it throws why the first one could not.
 */
export async function listGrants(fleet: Fleet, account: Account, call: Call): Promise<Listing> {
  const visits = await visitAll(fleet, call, (host) => listOf(fleet, host, account.id));
  const failed = visits.flatMap((visit) => (visit.state === "failed" ? [visit] : []));
  const [firstFailed] = failed;
  if (firstFailed && failed.length === visits.length) throw firstFailed.error;
  return {
    grants: visits.flatMap((visit) => (visit.state === "done" ? visit.value.grants : [])),
    blind: [
      ...failed.map(({ host, error }) => `all of host ${host.id}, since ${whyOf(error)}`),
      ...visits.flatMap((visit) => (visit.state === "done" ? visit.value.blind : [])),
    ],
  };
}

async function listOf(fleet: Fleet, host: Host, fingerprint: string): Promise<Listing> {
  const survey = await surveyHost(host);
  const files = await readKeyFiles(host, survey.files.keys());
  const held = files.flatMap((file) => heldIn(file, fingerprint).map((one) => ({ file, ...one })));
  const users = new Set(held.flatMap(({ file }) => survey.files.get(file.path) ?? []));
  const admins = new Set([...survey.admins, ...(await sudoersOf(host, users))]);
  const keys: Grant[] = [];
  for (const file of files) {
    const own = held.filter((one) => one.file === file);
    for (const authority of [false, true]) {
      const lines = own.filter(({ line }) => line.content.kind === "key" && line.content.authority === authority);
      if (lines.length > 0) keys.push(keyGrant(fleet, host, survey, admins, fingerprint, file, lines));
    }
  }
  const sessions = await listSessions(host, fingerprint);
  return {
    grants: [
      ...sessions.map((session): Grant => {
        const privileged = survey.admins.has(session.user) || admins.has(session.user);
        return {
          system: fleet.system,
          account: fingerprint,
          id: grantIdOf({ kind: "session", host: host.id, fingerprint, session }),
          kind: "session",
          resource: `${shown(session.user)} on ${host.id}, from ${session.from}`,
          role: shown(session.user),
          stage: "sessions",
          // While the key is there, whoever lost the session logs in again.
          after: keys.map(({ id }) => id),
          outlivesSignOn: true,
          reversible: "always",
          privileged,
          secrets: [],
          breaks: ["what runs in this session ends, and what is not saved is lost"],
          before: { host: host.id },
        };
      }),
      ...keys,
    ],
    blind: [...survey.blind, ...files.flatMap((file) => unreadIn(host, file))],
  };
}

function keyGrant(
  fleet: Fleet,
  host: Host,
  survey: Survey,
  admins: ReadonlySet<string>,
  fingerprint: string,
  file: KeyFile,
  lines: readonly Held[],
): Grant {
  const names = survey.files.get(file.path) ?? [];
  const content = lines[0]?.line.content;
  const authority = content?.kind === "key" && content.authority;
  const kind = authority ? "authority" : "key";
  return {
    system: fleet.system,
    account: fingerprint,
    id: grantIdOf({ kind, host: host.id, fingerprint, path: file.path }),
    kind: authority ? "certificate-authority" : "authorized-key",
    resource: `${names.slice(0, 3).map(shown).join(", ")}${names.length > 3 ? " …" : ""} on ${host.id}: ${shown(file.path)}`,
    role: names.slice(0, 20).map(shown).join(", "),
    stage: "memberships",
    after: [],
    outlivesSignOn: true,
    reversible: "always",
    privileged: names.some((name) => admins.has(name)),
    secrets: [],
    breaks: [
      ...(authority ? ["every certificate that this key signed stops opening these accounts"] : []),
      ...(names.length > 1 ? [`the key opens ${names.length} accounts through this one file`] : []),
      "scripts and jobs that log in with this key stop",
    ],
    before: beforeOf(host, file, lines),
  };
}

/** What `restore` needs: the removed lines with their places, byte for byte. Public keys are no secret. */
function beforeOf(host: Host, file: KeyFile, lines: readonly Held[]): Record<string, string> {
  return {
    host: host.id,
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

function unreadIn(host: Host, file: KeyFile): string[] {
  if (file.state === "unread") return [`${host.id}: ${shown(file.path)}, since ${shown(file.why)}`];
  if (file.state === "absent") return [];
  const lines = parseKeyFile(file.bytes).flatMap(({ content }, at) => (content.kind === "unread" ? [at + 1] : []));
  if (lines.length === 0) return [];
  const some = `${lines.slice(0, 20).join(", ")}${lines.length > 20 ? " …" : ""}`;
  return [`${host.id}: ${shown(file.path)}, line ${some}: no key that can be read`];
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

function whyOf({ failure }: SystemError): string {
  switch (failure.code) {
    case "forbidden":
      return failure.scope ? `${failure.scope} is missing` : "it lets us see nothing";
    case "refused":
      return failure.reason;
    case "conflict":
      return failure.blockers.join(", ");
    case "rate-limited":
    case "unreachable":
      return "it did not answer";
    default:
      return failure satisfies never;
  }
}
