import { z } from "zod";
import { type Call, type Grant, type Revoked, SystemError } from "../connector.ts";
import type { Host } from "./connect.ts";
import { type Fleet, visitOne } from "./fleet.ts";
import { parseTarget, type Target } from "./grant-id.ts";
import { heldIn } from "./grants.ts";
import { type KeyFile, readKeyFiles, replaceKeyFile } from "./key-file.ts";
import { parseKeyFile } from "./key-line.ts";
import { endSession } from "./sessions.ts";
import { shown } from "./survey.ts";
import { giveBackRule, takeFromUser } from "./user-grants.ts";

/** How often a file that somebody else writes meanwhile is read again. */
const TRIES = 5;

/** The lines that a grant held, with their places in the file from 0. */
const Lines = z.array(z.object({ at: z.number().int().nonnegative(), base64: z.string() }));

/** Removes whole lines that hold the key, and leaves every other byte as it is. */
export async function revoke(fleet: Fleet, grant: Grant, call: Call): Promise<Revoked> {
  const target = parseTarget(grant.id);
  const fingerprint = "fingerprint" in target ? target.fingerprint : "";
  if (fingerprint === fleet.ownKey || fleet.protectedKeys.includes(fingerprint)) {
    const what = fingerprint === fleet.ownKey ? "Signoff itself logs in with this key" : "this key is protected";
    return { status: "blocked", by: [{ what }] };
  }
  switch (target.kind) {
    case "authority":
      // Others' certificates may hang on it, which no file of this host names.
      return { status: "blocked", by: [{ what: `the key signs certificates: replace it in ${shown(target.path)}` }] };
    case "session":
      return visitOne(fleet, target.host, call, async (host) => {
        const ended = await endSession(host, target.session, target.fingerprint);
        return ended > 0 ? { status: "revoked", receipt: `${ended} processes were ended` } : { status: "already-gone" };
      });
    case "key":
      return visitOne(fleet, target.host, call, (host) => removeLines(host, target));
    default:
      return takeFromUser(fleet, target, call);
  }
}

async function removeLines(host: Host, { path, fingerprint }: Extract<Target, { path: string }>): Promise<Revoked> {
  for (let tried = 0; tried < TRIES; tried++) {
    const file = await getKeyFile(host, path);
    const gone = new Set(removable(file, fingerprint));
    if (file.state === "absent" || gone.size === 0) return { status: "already-gone" };
    const rest = parseKeyFile(file.bytes).filter((_, at) => !gone.has(at));
    const written = await replaceKeyFile(host, file, rest.map(({ bytes }) => bytes).join(""));
    if (written === "written") return { status: "revoked", receipt: `${gone.size} lines were removed` };
  }
  throw new SystemError({ code: "conflict", blockers: [`${host.id}: ${shown(path)} is written by somebody else`] });
}

function removable(file: KeyFile, fingerprint: string): number[] {
  return heldIn(file, fingerprint).flatMap(({ at, line }) =>
    line.content.kind === "key" && !line.content.authority ? [at] : [],
  );
}

/** Puts the removed lines back where they stood, unless the key is there again. */
export async function restore(fleet: Fleet, grant: Grant, call: Call): Promise<void> {
  const target = parseTarget(grant.id);
  if (target.kind === "sudo-rule") return giveBackRule(fleet, target, grant, call);
  // Whoever got the key back opens a session themself; what a human took, a human gives back.
  if (target.kind !== "key") return;
  const lines = Lines.parse(JSON.parse(grant.before?.["lines"] ?? "[]"));
  if (lines.length === 0) throw new SystemError({ code: "refused", reason: "the removed lines were not kept" });
  await visitOne(fleet, target.host, call, async (host) => {
    for (let tried = 0; tried < TRIES; tried++) {
      const file = await getKeyFile(host, target.path);
      if (file.state === "absent") {
        throw new SystemError({
          code: "conflict",
          blockers: [`${host.id}: there is no ${shown(target.path)} any more`],
        });
      }
      if (removable(file, target.fingerprint).length > 0) return;
      if ((await replaceKeyFile(host, file, withLines(file.bytes, lines))) === "written") return;
    }
    throw new SystemError({
      code: "conflict",
      blockers: [`${host.id}: ${shown(target.path)} is written by somebody else`],
    });
  });
}

function withLines(bytes: string, removed: z.output<typeof Lines>): string {
  const lines = parseKeyFile(bytes).map((line) => line.bytes);
  for (const { at, base64 } of removed.toSorted((a, b) => a.at - b.at)) {
    lines.splice(at, 0, Buffer.from(base64, "base64").toString("latin1"));
  }
  // A line without an end, put before another, would glue two keys into one.
  return lines.map((line, at) => (at < lines.length - 1 && !line.endsWith("\n") ? `${line}\n` : line)).join("");
}

async function getKeyFile(host: Host, path: string): Promise<Exclude<KeyFile, { state: "unread" }>> {
  const [file] = await readKeyFiles(host, [path]);
  if (file && file.state !== "unread") return file;
  const reason = `${host.id}: ${shown(path)} cannot be read: ${shown(file?.why ?? "no answer")}`;
  throw new SystemError({ code: "refused", reason });
}
