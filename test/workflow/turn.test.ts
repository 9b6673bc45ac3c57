import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { type System, SystemError } from "../../connectors/connector.ts";
import { openStore, type Store } from "../../src/store/open.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { revokeGrant } from "../../src/workflow/revoke-grant.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { type MemorySystem, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";
import { openNow } from "./open-now.ts";

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

const CHILD = new URL("../peers/turn-child.ts", import.meta.url).pathname;
const run = promisify(execFile);

const LEAVERS = ["alice", "bob"];

let test: TestWorkflow;
let replica: Store | undefined;
afterEach(async () => {
  await replica?.close();
  replica = undefined;
  await test.drop();
});

/** Counts the calls under way, each of which takes its time. */
function counting(system: MemorySystem, limit: System["limit"]) {
  const seen = { now: 0, most: 0, revokes: 0 };
  const counted: System = {
    ...system,
    ...(limit ? { limit } : {}),
    async revoke(grant, call) {
      seen.now += 1;
      seen.most = Math.max(seen.most, seen.now);
      // Waits for as many as may come, and then for one too many.
      for (let at = 0; at < 100 && seen.most < (limit?.concurrent ?? 1); at += 1) await pause(50);
      await pause(seen.revokes < 2 ? 300 : 5);
      seen.now -= 1;
      seen.revokes += 1;
      return system.revoke(grant, call);
    },
  };
  return { counted, seen };
}

async function start(grants: number, limit: System["limit"]) {
  const git = memorySystem("git");
  for (const id of LEAVERS)
    git.add(id, {
      email: `${id}@acme.test`,
      grants: Array.from({ length: grants }, (_, at) => ({ id: `${id}-${at}` })),
    });
  const { counted, seen } = counting(git, limit);
  test = await testWorkflow({
    systems: [counted],
    roles: { requester: ["hana"], approver: ["sam"] },
    people: [...LEAVERS, "hana", "sam"].map((id) => ({ id })),
  });
  return { git, seen };
}

async function open(leaver: string): Promise<string> {
  return openNow(test, leaver);
}

async function approveUntilCut(caseId: string): Promise<void> {
  const [plan] = await test.database.store.sql`select hash from plans where case_id = ${caseId}`;
  await decidePlan(test.w, test.request("sam"), { caseId, planHash: String(plan?.["hash"]), verdict: "approved" });
  await test.runJobs({ until: "revoke-grant" });
}

/** Ids of every step that waits. */
async function waitingSteps(): Promise<string[]> {
  const rows = await test.database.store.sql`select id from steps where state = 'waiting' order by id`;
  return rows.map(({ id }) => String(id));
}

describe("a system's limit of calls", () => {
  it("is one for two cases on two replicas at the same time, and nothing is lost by it", async () => {
    const { git, seen } = await start(6, { concurrent: 2 });
    for (const leaver of LEAVERS) {
      const caseId = await open(leaver);
      await test.runJobs({ until: "revoke-grant" });
      await approveUntilCut(caseId);
    }
    replica = openStore({ url: test.database.url });
    const replicas = [test.w, { ...test.w, store: replica }];
    const ids = await waitingSteps();
    expect(ids).toHaveLength(12);
    await Promise.all(replicas.flatMap((w) => ids.map((stepId) => revokeGrant(w, { stepId }))));
    expect(seen.most).toBe(2);
    for (let at = 0; git.revoked.length < 12 && at < 20; at += 1) {
      test.clock.now = new Date(test.clock.now.getTime() + 2000);
      await sweep(test.w);
      await test.runJobs();
    }
    expect(seen).toEqual({ now: 0, most: 2, revokes: 12 });
  });

  it("lets so many start in a minute, however many cases there are, and counts a wait as no attempt", async () => {
    // Each case is read twice before its cut.
    const { git } = await start(5, { perMinute: 7 });
    const caseId = await open("alice");
    await test.runJobs();
    await approveUntilCut(caseId);
    await test.runJobs();
    expect(git.revoked).toHaveLength(5);
    const before = await test.database.store.sql`select state, tries, read_backs from steps`;
    expect(before).toEqual(Array.from({ length: 5 }, () => ({ state: "reading", tries: 1, read_backs: 0 })));
    await test.runJobs();
    expect(await test.database.store.sql`select 1 from steps where state = 'proven'`).toHaveLength(0);
    for (let at = 0; at < 8; at += 1) {
      test.clock.now = new Date(test.clock.now.getTime() + 10_000);
      await sweep(test.w);
      await test.runJobs();
    }
    expect(await test.database.store.sql`select state, tries, read_backs from steps group by 1, 2, 3`).toEqual([
      { state: "proven", tries: 1, read_backs: 1 },
    ]);
  });

  it("is the system's own word for everybody once it asks to wait", async () => {
    const { git } = await start(1, undefined);
    const first = await open("alice");
    await test.runJobs();
    await approveUntilCut(first);
    const retryAt = new Date(test.clock.now.getTime() + 600_000);
    git.mood.answers = [new SystemError({ code: "rate-limited", retryAt })];
    await test.runJobs();
    const asked = git.revoked.length;
    const second = await open("bob");
    await test.runJobs();
    const line = () => test.database.store.sql`select state, tries, next_at from reads where case_id = ${second}`;
    expect(await line()).toEqual([{ state: "pending", tries: 0, next_at: retryAt }]);
    expect(git.revoked).toHaveLength(asked);
    test.clock.now = retryAt;
    await sweep(test.w);
    await test.runJobs();
    expect(await line()).toMatchObject([{ state: "read", tries: 1 }]);
  });

  it("does not count a call whose worker died for ever", async () => {
    const { seen } = await start(1, { concurrent: 1 });
    const caseId = await open("alice");
    await test.runJobs();
    await approveUntilCut(caseId);
    const gone = new Date(test.clock.now.getTime() + 95_000);
    await test.database.store.sql`insert into turns (id, system, until) values ('dead', 'git', ${gone.toISOString()})`;
    await test.runJobs();
    expect(seen.revokes).toBe(0);
    test.clock.now = gone;
    await sweep(test.w);
    await test.runJobs();
    expect(seen.revokes).toBe(1);
  });

  it.each([
    ["one system", ["git:acme", "git:acme"], ""],
    ["two systems whose calls count for one account", ["git:acme", "git:other"], "api.git.test#deploy"],
  ])("is one for two processes that call %s", async (_, systems, of) => {
    test = await testWorkflow({});
    const peer = await countingPeer(2);
    try {
      const children = systems.map((system) => run("node", [CHILD, test.database.url, peer.url, system, of, "8"]));
      const said = await Promise.all(children);
      expect(said.map(({ stdout }) => stdout)).toEqual(["8\n", "8\n"]);
      expect(peer.seen).toEqual({ now: 0, most: 2, calls: 16 });
    } finally {
      await peer.close();
    }
  });
});

/** A server that counts the calls under way, each of which waits for as many as may come and then for one too many. */
async function countingPeer(expected: number) {
  const seen = { now: 0, most: 0, calls: 0 };
  const server = createServer(async (_, answer) => {
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    for (let at = 0; at < 100 && seen.most < expected; at += 1) await pause(50);
    await pause(seen.calls < 4 ? 400 : 5);
    seen.now -= 1;
    seen.calls += 1;
    answer.end("done");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((done) => server.close(done)),
  };
}
