import type { Deps } from "../../src/chat/handle.ts";
import { handle } from "../../src/chat/handle.ts";
import type { Intent, Member } from "../../src/chat/intent.ts";
import { liveHomes } from "../../src/chat/live-homes.ts";
import type { Ask, Message } from "../../src/chat/message.ts";
import { notifierOf } from "../../src/chat/notify.ts";
import type { ChatSurface } from "../../src/chat/surface.ts";
import type { CaseView } from "../../src/store/views.ts";
import { loadCaseView } from "../../src/store/views.ts";
import { findPerson } from "../../src/workflow/known-people.ts";
import { type Heard, hear, type MemoryChat, memoryChat, press } from "../peers/chat.ts";
import { memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

/** A company, its chat, and Signoff between them. */
export interface Bench {
  readonly t: TestWorkflow;
  readonly chat: MemoryChat;
  readonly repo: ReturnType<typeof memorySystem>;
  readonly deps: Deps;
  member(personId: string): Member;
  /** Asks as a person; answers what they heard. */
  ask(personId: string, ask: Ask, requestId?: string): Promise<Heard>;
  /** Asks as a chat account, whosever it is. */
  askAs(by: Member, ask: Ask): Promise<Heard>;
  /** Presses a button of a message. */
  press(personId: string, message: Message | undefined, label: string): Promise<Heard>;
  /** Opens a case for Alice by the HR requester and takes its inventory. */
  open(leave?: Partial<Extract<Intent, { kind: "open-case" }>["leave"]>): Promise<string>;
  /** Runs jobs and sends messages until nothing is due; the clock moves past each pause. */
  settle(): Promise<void>;
  /** The message with that key, as it stands. */
  shown(key: string): Message | undefined;
  view(caseId: string): Promise<CaseView>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const PEOPLE = ["alice", "hr", "ann", "bob", "mia", "olga", "audrey"] as const;

/** Alice leaves, HR asks, Ann and Bob approve, Mia is Alice's manager, Olga an engineer, Audrey the auditor. */
export async function bench(
  options: {
    readonly more?: Parameters<typeof testWorkflow>[0]["systems"];
    readonly policy?: Parameters<typeof testWorkflow>[0]["policy"];
    readonly channel?: string | null;
    /** A second surface, and where approvers read on it. */
    readonly also?: { readonly surface: ChatSurface; readonly channel: string };
    readonly roles?: Parameters<typeof testWorkflow>[0]["roles"];
    readonly alice?: Parameters<ReturnType<typeof memorySystem>["add"]>[1];
  } = {},
): Promise<Bench> {
  const repo = memorySystem("repo", { title: "Code" });
  repo.add("a1", {
    email: "alice@acme.test",
    grants: [
      { id: "g1", resource: "acme/payments", role: "admin", privileged: true },
      { id: "g2", resource: "acme/site" },
    ],
    work: ["Fix pay()"],
    ...options.alice,
  });
  repo.add("m1", { email: "mia@acme.test" });
  repo.add("o1", { email: "olga@acme.test" });
  const t = await testWorkflow({
    systems: [repo, ...(options.more ?? [])],
    roles: { requester: ["hr"], approver: ["ann", "bob"], auditor: ["audrey"], ...options.roles },
    policy: options.policy ?? {},
    people: PEOPLE.map((id) => ({
      id,
      ...(id === "alice" ? { manager: "mia", zone: "Europe/Berlin" } : {}),
    })),
  });
  const chat = memoryChat();
  for (const id of PEOPLE) chat.add(t.chat(id));
  chat.channels.set("C1", { private: true, members: ["Uann", "Ubob"] });
  chat.channels.set("C2", { private: true, members: ["Umia", "Uolga"] });
  const homes = liveHomes(t.w);
  const { also } = options;
  const surfaces = new Map<ChatSurface["id"], ChatSurface>([[chat.id, chat]]);
  if (also) surfaces.set(also.surface.id, also.surface);
  const deps: Deps = { workflow: t.w, surfaces, log: t.w.log, homes };
  const channel = options.channel === undefined ? "C1" : (options.channel ?? undefined);
  const notifier = notifierOf({
    ...deps,
    approversChannels: { slack: channel, ...(also ? { teams: also.channel } : {}) },
    restrictedChannel: "C2",
    health: async () => ({ db: "up", queue: "up", chat: "up", version: "0.0.0-test", systems: 1 }),
  });
  let requests = 0;
  const next = () => {
    requests += 1;
    return `chat-${requests}`;
  };
  const member = (id: string) => {
    const found = chat.members.get(`U${id}`);
    if (!found) throw new Error(`nobody is called ${id}`);
    return found;
  };
  const ask: Bench["ask"] = async (personId, wish, requestId = next()) => {
    const heard = hear();
    await handle(deps, { ...wish, by: member(personId), requestId }, heard);
    return heard;
  };
  return {
    t,
    chat,
    repo,
    deps,
    member,
    ask,
    async askAs(by, wish) {
      const heard = hear();
      await handle(deps, { ...wish, by, requestId: next() }, heard);
      return heard;
    },
    async press(personId, message, label) {
      const heard = hear();
      await handle(deps, press(message, label, member(personId), next()), heard);
      return heard;
    },
    async open(leave = {}) {
      const heard = await ask("hr", {
        kind: "open-case",
        leaver: "Ualice",
        leave: {
          when: { kind: "now" },
          kind: "voluntary",
          mode: "orderly",
          announced: false,
          reason: "resignation",
          ...leave,
        },
      });
      const caseId = /The case (\w{8})/.exec(heard.said[0]?.summary ?? "")?.[1];
      if (caseId === undefined) throw new Error(`no case: ${JSON.stringify([heard.said, heard.faults])}`);
      await t.runJobs();
      return caseId;
    },
    async settle() {
      for (let quiet = 0; quiet < 3; ) {
        const ran = await t.runJobs({ notify: (key) => notifier.notify({ key }) });
        t.clock.now = new Date(t.clock.now.getTime() + 2100);
        const due = await notifier.listDue();
        for (const key of due) await notifier.notify({ key });
        quiet = ran + due.length === 0 ? quiet + 1 : 0;
      }
    },
    shown: (key) => chat.posts.find((post) => post.key === key)?.message,
    async view(caseId) {
      const view = await t.w.store.db.transaction((tx) =>
        loadCaseView(tx, t.w.systems, (id) => findPerson(tx, t.w, id), caseId),
      );
      if (!view) throw new Error(`there is no case ${caseId}`);
      return view;
    },
    [Symbol.asyncDispose]: () => t.drop(),
  };
}
