import type { Call, Grant, Reading } from "../connector.ts";
import { type Fleet, visitOne } from "./fleet.ts";
import { parseTarget } from "./grant-id.ts";
import { heldIn } from "./grants.ts";
import { readKeyFiles } from "./key-file.ts";
import { parseKeyFile } from "./key-line.ts";
import { countProcesses } from "./sessions.ts";
import { shown } from "./survey.ts";
import { findHeld } from "./user-grants.ts";

/** Reads the file, or the processes of the login, afresh. */
export async function readBack(fleet: Fleet, grant: Grant, call: Call): Promise<Reading> {
  const target = parseTarget(grant.id);
  return visitOne(fleet, target.host, call, async (host): Promise<Reading> => {
    const reading = (present: boolean, request: string, answer: object): Reading => ({
      state: present ? "present" : "absent",
      readAt: call.now(),
      evidence: { request: `${host.id}: ${request}`, answer: JSON.stringify(answer) },
    });
    if (target.kind === "session") {
      const processes = await countProcesses(host, target.session, target.fingerprint);
      const { user, from, port } = target.session;
      return reading(processes > 0, `processes of the login of ${user} from ${from} port ${port}`, { processes });
    }
    if (!("path" in target)) {
      const held = await findHeld(host, target);
      return reading(held !== undefined, `read what ${target.user} holds`, {
        kind: target.kind,
        found: held?.text ?? null,
      });
    }
    const [file] = await readKeyFiles(host, [target.path]);
    if (!file || file.state === "unread") {
      return { state: "unreadable", why: `${host.id}: ${shown(target.path)}: ${shown(file?.why ?? "no answer")}` };
    }
    const authority = target.kind === "authority";
    const held = heldIn(file, target.fingerprint).filter(
      ({ line }) => line.content.kind === "key" && line.content.authority === authority,
    );
    return reading(held.length > 0, `read ${shown(target.path)}`, {
      exists: file.state === "read",
      fingerprint: target.fingerprint,
      lines: held.map(({ at }) => at + 1),
      keys: file.state === "read" ? fingerprintsIn(file.bytes) : [],
    });
  });
}

/** All keys of the file by fingerprint, so that an auditor sees what stayed. */
function fingerprintsIn(bytes: string): string[] {
  return parseKeyFile(bytes).flatMap(({ content }) => (content.kind === "key" ? [content.fingerprint] : []));
}
