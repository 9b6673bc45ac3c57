import type { Call, Check } from "../connector.ts";
import { type Fleet, visitAll } from "./fleet.ts";
import { surveyHost } from "./survey.ts";

/** Logs in to every host, becomes root and asks sshd: a line for each host, with what to do about it. */
export async function check(fleet: Fleet, call: Call): Promise<Check[]> {
  const visits = await visitAll(fleet, call, (host) => surveyHost(host));
  return visits.map((visit): Check => {
    const name = `host ${visit.host.id}`;
    if (visit.state === "done") {
      const { files, users, blind } = visit.value;
      const detail = `${users.length} accounts, ${files.size} files of keys${blind.length > 0 ? `; not seen: ${blind.join("; ")}` : ""}`;
      return { name, ok: true, detail };
    }
    const { failure } = visit.error;
    switch (failure.code) {
      case "forbidden":
        return { name, ok: false, fix: `give it ${failure.scope ?? "a login"} (README of the connector)` };
      case "refused":
        return {
          name,
          ok: false,
          fix: `${failure.reason}: compare it on the host itself, then correct SSH_KNOWN_HOSTS`,
        };
      default:
        return {
          name,
          ok: false,
          fix: `it does not answer on port ${visit.host.port}: is it up, and may we reach it?`,
        };
    }
  });
}
