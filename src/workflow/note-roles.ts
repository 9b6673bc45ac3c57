import { isDeepStrictEqual } from "node:util";
import { schedule } from "node-cron";
import { LISTS, type Lists } from "../core/rights.ts";
import type { Tx } from "../store/open.ts";
import { callFor } from "./call.ts";
import { findPersonOfAccount, findPersonOfEmail, findPersonOfLogin } from "./known-people.ts";
import { wantPost } from "./notices.ts";
import { recover } from "./recover.ts";
import {
  CHAT_GROUP,
  copy,
  flat,
  GROUP,
  isGroup,
  type KeptRoles,
  newestRoles,
  ROLES_CHANGED,
  ROLES_TARGET,
} from "./roles.ts";
import { transition } from "./transition.ts";
import { peopleNamed } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/** Chat account ids of a group of the chat's members, complete or an error. Lent by chat, which stands above. */
export type ListChatGroup = (id: string) => Promise<readonly string[]>;

/** Another process noted a change in the same instant. */
class Overtaken extends Error {}

/**
 * Reads every group that a role names, and notes who has which role now if that differs from what the last entry said:
 * an entry, and a direct message to each auditor, of before and of now. A group that cannot be read keeps its members.
 */
export async function noteRoles(w: Workflow, listChatGroup?: ListChatGroup): Promise<void> {
  const read = new Map<string, readonly string[]>();
  for (const name of new Set(LISTS.flatMap((list) => w.roles[list]).filter(isGroup))) {
    const members = await readGroup(w, name, listChatGroup);
    if (members) read.set(name, members);
  }
  for (let tries = 1; ; tries += 1) {
    try {
      return await note(w, read);
    } catch (error) {
      if (!(error instanceof Overtaken) || tries === 3) throw error;
    }
  }
}

/** Looks every five minutes; what fails is tried again then. @returns what stops it */
export function startRoles(w: Workflow, listChatGroup?: ListChatGroup): () => Promise<void> {
  const look = () =>
    noteRoles(w, listChatGroup).catch((error: unknown) =>
      w.log.warn({ error: String(error) }, "who has which role could not be read and is tried again"),
    );
  const task = schedule("*/5 * * * *", look, { noOverlap: true });
  return async () => {
    await task.destroy();
  };
}

/** The system and the id in it that a group's name means; nothing if no configured system can list it. */
export function groupOf(w: Pick<Workflow, "systems">, name: string) {
  if (!name.startsWith(GROUP)) return undefined;
  const rest = name.slice(GROUP.length);
  for (const [id, system] of w.systems) {
    const listMembers = system.directory?.listMembers;
    if (listMembers && rest.startsWith(`${id}:`)) return { system, group: rest.slice(id.length + 1), listMembers };
  }
  return undefined;
}

async function note(w: Workflow, read: ReadonlyMap<string, readonly string[]>): Promise<void> {
  await transition<void>(w, async (tx) => {
    const last = await newestRoles(tx, w);
    const names = new Set(LISTS.flatMap((list) => w.roles[list]).filter(isGroup));
    const members = (name: string) => [...(read.get(name) ?? last?.kept?.groups[name] ?? [])].sort();
    const now: KeptRoles = {
      configured: copy(w.roles),
      groups: Object.fromEntries([...names].sort().map((name) => [name, members(name)])),
    };
    const before = last?.kept && flat(last.kept);
    const changed = before && changesOf(before, flat(now));
    if (changed && Object.keys(changed).length === 0 && same(last?.kept, now)) return { result: undefined };
    return {
      result: undefined,
      entries: [
        {
          action: ROLES_CHANGED,
          outcome: "success",
          target: ROLES_TARGET,
          case: null,
          // Numbers only: the names stand beside the entry.
          detail: changed ? { changed: linesOf(changed) } : { first: last === undefined },
          personal: { ...now, ...(changed ? { changed } : {}) },
        },
      ],
      seal: async (sealing, [seq = -1]) => {
        if ((await newestRoles(sealing, w, seq))?.seq !== last?.seq) throw new Overtaken();
        if (changed && Object.keys(changed).length > 0) await tellAuditors(sealing, w, seq, before, flat(now));
      },
    };
  });
}

/** Names that came and went, by list. */
export type RoleChanges = Readonly<Record<string, { readonly added: string[]; readonly removed: string[] }>>;

function changesOf(before: Lists, now: Lists): RoleChanges {
  const changes = LISTS.map((list) => {
    const added = now[list].filter((name) => !before[list].includes(name));
    const removed = before[list].filter((name) => !now[list].includes(name));
    return [list, { added, removed }] as const;
  });
  return Object.fromEntries(changes.filter(([, { added, removed }]) => added.length + removed.length > 0));
}

function linesOf(changes: RoleChanges): string[] {
  return Object.entries(changes).map(
    ([list, { added, removed }]) => `${list}: ${added.length} added, ${removed.length} removed`,
  );
}

/** Whether only names of groups that mean nobody new changed: that is worth an entry, and no message. */
function same(before: KeptRoles | undefined, now: KeptRoles): boolean {
  return isDeepStrictEqual(before, now);
}

async function tellAuditors(tx: Tx, w: Workflow, seq: number, before: Lists | undefined, now: Lists): Promise<void> {
  const auditors = await peopleNamed(tx, w, [...new Set([...(before?.auditor ?? []), ...now.auditor])]);
  const notice = { kind: "roles", seq } as const;
  for (const personId of auditors) await wantPost(tx, `roles:${seq}:${personId}`, notice, { kind: "person", personId });
  // Without an auditor those who decide watch each other.
  if (auditors.length === 0) await wantPost(tx, `roles:${seq}`, notice, { kind: "approvers" });
}

/** Person ids of a directory group's members, as they are now; nothing if it cannot be read. */
export function groupMembers(w: Workflow, name: string): Promise<readonly string[] | undefined> {
  return readGroup(w, name, undefined);
}

/** Person ids of a group's members, sorted; nothing if it cannot be read now. Whom nobody vouches for is left out. */
async function readGroup(
  w: Workflow,
  name: string,
  listChatGroup: ListChatGroup | undefined,
): Promise<readonly string[] | undefined> {
  try {
    if (name.startsWith(CHAT_GROUP)) {
      if (!listChatGroup) return undefined;
      const ids = await listChatGroup(name.slice(CHAT_GROUP.length));
      return await w.store.db.transaction((tx) =>
        known(ids.map((id) => () => findPersonOfAccount(tx, w, "slack", id))),
      );
    }
    const found = groupOf(w, name);
    if (!found) return undefined;
    using call = callFor(w);
    const members = await found.listMembers(found.group, call);
    const system = found.system.id;
    return await w.store.db.transaction((tx) =>
      known(
        members.map(({ id, login }) => async () => {
          const byId =
            (await findPersonOfAccount(tx, w, system, id)) ?? (await findPersonOfLogin(tx, w, system, `id:${id}`));
          const byLogin = login === undefined ? undefined : await findPersonOfLogin(tx, w, system, login);
          return byId ?? byLogin ?? (login?.includes("@") ? findPersonOfEmail(tx, w, login) : undefined);
        }),
      ),
    );
  } catch (error) {
    w.log.warn(
      { why: recover(w, error, 1, 1).why },
      "a group with a role could not be read: its members stay as they were",
    );
    return undefined;
  }
}

async function known(finds: readonly (() => Promise<string | undefined>)[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const find of finds) {
    const id = await find();
    if (id !== undefined) found.add(id);
  }
  return [...found].sort();
}
