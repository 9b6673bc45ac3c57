import type { Call, Log, System } from "../../connectors/connector.ts";
import { describeFailure, SystemError } from "../core/failure.ts";
import { ROLES } from "../core/rights.ts";
import type { Store } from "../store/open.ts";
import { rolesAreSeparate } from "../store/privileges.ts";
import { findPerson, findPersonOfAccount, findPersonOfEmail } from "../workflow/known-people.ts";
import { groupMembers } from "../workflow/note-roles.ts";
import { isGroup } from "../workflow/roles.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { shown, type Terminal } from "./say.ts";

/** One line of `signoff check`. A warning is what works and should be better. */
interface Line {
  readonly mark: "✓" | "!" | "✗";
  readonly what: string;
  readonly detail?: string | undefined;
}

/** What can be asked about a chat. */
export interface ChatToCheck {
  readonly title: string;
  /** None if approvers read every case on another surface. */
  readonly channel: string | undefined;
  getChannel(id: string): Promise<{ readonly private: boolean; readonly members: readonly string[] }>;
}

/** Longest that one system may take to answer, in milliseconds. */
const PATIENCE = 30_000;

/** `signoff check`: tries everything with the real credentials, before a case needs it. @returns the exit code */
export async function check(
  w: Workflow,
  chats: readonly ChatToCheck[],
  rollback: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const groups: (readonly [string, readonly Line[]])[] = [
    ["Database", await checkStore(w.store, rollback)],
    ["Roles", await checkRoles(w)],
    ...(chats.length === 0 ? [["Chat", [bad("none", NO_CHAT)]] as const] : []),
    ...(await Promise.all(chats.map(async (chat) => [chat.title, await checkChat(chat)] as const))),
  ];
  const systems = [...w.systems.values()];
  const lines = await Promise.all(systems.map((system) => checkSystem(system, w.log, w.now)));
  groups.push(...systems.map((system, at) => [`${system.title} (${system.id})`, lines[at] ?? []] as const));
  if (systems.length === 0)
    groups.push(["Systems", [bad("none is on", "set the variables of at least one: .env.example")]]);
  for (const [title, group] of groups) {
    terminal.out(shown(title));
    for (const { mark, what, detail } of group) {
      terminal.out(`  ${mark} ${shown(what)}${detail === undefined ? "" : `: ${shown(detail)}`}`);
    }
  }
  const faults = groups.flatMap(([, group]) => group).filter(({ mark }) => mark === "✗").length;
  terminal.out(faults === 0 ? "Everything that is needed works." : `${faults} to mend.`);
  return faults === 0 ? 0 : 1;
}

async function checkStore(store: Store, rollback: string | undefined): Promise<Line[]> {
  const separate = await rolesAreSeparate(store);
  return [
    good("reachable and migrated"),
    separate
      ? good("the role that runs Signoff cannot change the log")
      : warn(
          "the role that runs Signoff could change the log",
          "set DATABASE_OWNER_URL to the owner's role, and DATABASE_URL to one that owns nothing",
        ),
    rollback === undefined ? good("the log goes on from its checkpoint file") : bad("the log", rollback),
  ];
}

async function checkRoles(w: Workflow): Promise<Line[]> {
  const lines: Line[] = [];
  await w.store.db.transaction(async (tx) => {
    for (const role of ROLES) {
      const people = new Set<string>();
      for (const name of w.roles[role]) {
        if (isGroup(name)) continue;
        const id = name.includes("@")
          ? await findPersonOfEmail(tx, w, name)
          : ((await findPersonOfAccount(tx, w, "slack", name)) ??
            (await findPersonOfAccount(tx, w, "teams", name)) ??
            (await findPerson(tx, w, name))?.id);
        if (id === undefined) lines.push(bad(`${role} ${name}`, "nobody in the directory: signoff import people"));
        else people.add(id);
      }
      for (const group of w.roles[role].filter(isGroup)) {
        const members = await groupMembers(w, group);
        if (members === undefined)
          lines.push(bad(`${role} ${group}`, "cannot be read: the id, or the rights of the credential"));
        else if (members.length === 0) lines.push(warn(`${role} ${group}`, "nobody in it is known to the directory"));
        for (const id of members ?? []) people.add(id);
      }
      if (role !== "approver") {
        lines.push(good(`${role}: ${people.size}`));
        continue;
      }
      // One may be the requester or the leaver, and two are needed for what is privileged.
      if (people.size >= 3) lines.push(good(`approver: ${people.size}`));
      else if (people.size === 2) {
        lines.push(warn("approver: 2", "a third is needed when one of them asks or leaves"));
      } else lines.push(bad(`approver: ${people.size}`, "privileged steps need two people: name at least three"));
    }
  });
  return lines;
}

const NO_CHAT = "set SLACK_BOT_TOKEN or TEAMS_APP_ID, and what .env.example names with it";

async function checkChat(chat: ChatToCheck): Promise<Line[]> {
  if (chat.channel === undefined) return [good("approvers read every case elsewhere")];
  try {
    const channel = await chat.getChannel(chat.channel);
    return [
      good("the token works"),
      channel.private
        ? good(`the approvers' channel is private, with ${channel.members.length} members`)
        : bad("the approvers' channel is public", "everybody could read every case: choose a private channel"),
    ];
  } catch (cause) {
    if (!(cause instanceof SystemError)) throw cause;
    return [
      bad(
        "the approvers' channel",
        `${describeFailure(cause.failure)}. Add the app to it (in Slack: /invite @Signoff)`,
      ),
    ];
  }
}

async function checkSystem(system: System, log: Log, now: () => Date): Promise<Line[]> {
  const call: Call = { signal: AbortSignal.timeout(PATIENCE), log, now };
  try {
    const checks = await system.check(call);
    const blind = system.sight.kind === "partial" ? system.sight.blind : [];
    return [
      ...checks.map((one) => (one.ok ? good(one.name, one.detail) : bad(one.name, one.fix))),
      ...blind.map((what) => warn("cannot be seen", what)),
    ];
  } catch (cause) {
    if (cause instanceof SystemError) return [bad("it does not work", describeFailure(cause.failure))];
    if (call.signal.aborted) return [bad("it does not work", `no answer within ${PATIENCE / 1000} s`)];
    throw cause;
  }
}

function good(what: string, detail?: string): Line {
  return { mark: "✓", what, detail };
}

function warn(what: string, detail: string): Line {
  return { mark: "!", what, detail };
}

function bad(what: string, detail: string): Line {
  return { mark: "✗", what, detail };
}
