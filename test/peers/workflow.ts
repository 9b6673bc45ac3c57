import type { Log, System } from "../../connectors/connector.ts";
import { newLogKey, readLogKey } from "../../src/audit/key.ts";
import { Policy } from "../../src/core/policy.ts";
import { LISTS, type Lists } from "../../src/core/rights.ts";
import { importPeople } from "../../src/people/import-people.ts";
import type { Request } from "../../src/workflow/ask.ts";
import { checkOwner } from "../../src/workflow/check-owner.ts";
import { closeCase } from "../../src/workflow/close-case.ts";
import { contain } from "../../src/workflow/contain.ts";
import { handOver } from "../../src/workflow/hand-over.ts";
import { lookAgain } from "../../src/workflow/look-again.ts";
import { lookAtKept } from "../../src/workflow/look-at-kept.ts";
import { proposePlan } from "../../src/workflow/propose-plan.ts";
import { QUEUES, type QueueName } from "../../src/workflow/queues.ts";
import { restoreGrant } from "../../src/workflow/restore-grant.ts";
import { revisePlan } from "../../src/workflow/revise-plan.ts";
import { revokeGrant } from "../../src/workflow/revoke-grant.ts";
import { startCut } from "../../src/workflow/start-cut.ts";
import { takeInventory } from "../../src/workflow/take-inventory.ts";
import { verifyGrant } from "../../src/workflow/verify-grant.ts";
import type { ChatAccount } from "../../src/workflow/who.ts";
import type { Workflow } from "../../src/workflow/workflow.ts";
import { freshDatabase, type TestDatabase } from "./database.ts";

/** A configuration that names nobody. */
const NOBODY = Object.fromEntries(LISTS.map((list) => [list, []])) as unknown as Lists;

/** A job as it was sent; `payload` is what the queue's schema makes of it when it runs. */
export interface SentJob {
  readonly queue: QueueName;
  readonly payload: unknown;
}

/** A person of a test's company; the chat account is `U` and the id. */
export interface TestPerson {
  readonly id: string;
  readonly name?: string;
  readonly manager?: string;
  readonly zone?: string;
  /** Without one the directory knows no e-mail. */
  readonly email?: string | null;
}

/** A workflow on a database of its own. */
export interface TestWorkflow {
  readonly w: Workflow;
  readonly database: TestDatabase;
  /** Jobs that wait, at most one a queue and payload. */
  readonly waiting: SentJob[];
  /** Keys whose message is wanted, in the order they were asked for. `runJobs` leaves them to chat. */
  readonly notices: string[];
  /** Lines of the log at warn and above. */
  readonly logged: string[];
  readonly clock: { now: Date };
  addPeople(...people: readonly TestPerson[]): Promise<void>;
  /** A person's chat account. */
  chat(personId: string, more?: Partial<ChatAccount>): ChatAccount;
  /** A request of a person, new unless it is given an id. */
  request(personId: string, requestId?: string): Request;
  /** Runs waiting jobs until there are none; with `until`, stops before a job of that queue. Says how many ran. */
  runJobs(options?: { readonly until?: QueueName; readonly notify?: (key: string) => Promise<void> }): Promise<number>;
  drop(): Promise<void>;
}

/** Makes a workflow on a fresh database with a fresh log key. The clock stands still until it is moved. */
export async function testWorkflow(options: {
  readonly systems?: readonly System[];
  readonly roles?: Partial<Lists>;
  readonly policy?: Partial<Policy>;
  readonly people?: readonly TestPerson[];
  readonly now?: Date;
}): Promise<TestWorkflow> {
  const database = await freshDatabase();
  const clock = { now: options.now ?? new Date("2026-11-25T09:00:00.000Z") };
  const waiting: SentJob[] = [];
  const notices: string[] = [];
  const logged: string[] = [];
  const signer = readLogKey(newLogKey("signoff.test/log").key);
  const stop = new AbortController();
  const keep = (level: string) => (fields: object, message: string) => {
    logged.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const log: Log = { debug: () => {}, info: () => {}, warn: keep("warn"), error: keep("error") };
  const send = (queue: unknown, payload?: unknown): Promise<string> => {
    const name = queueName(queue);
    if (name === "notify") notices.push(QUEUES.notify.parse(payload).key);
    const same = (job: SentJob) => job.queue === name && JSON.stringify(job.payload) === JSON.stringify(payload);
    // As the queue's policy `short` does: one waiting job a key.
    if (!waiting.some(same)) waiting.push({ queue: name, payload });
    return Promise.resolve("sent");
  };
  const w: Workflow = {
    store: database.store,
    boss: { send },
    signer,
    verifier: signer.verifier,
    systems: new Map((options.systems ?? []).map((system) => [system.id, system])),
    policy: Policy.parse(options.policy ?? {}),
    roles: { ...NOBODY, ...options.roles },
    now: () => clock.now,
    log,
    version: "0.0.0-test",
    configHash: "test",
    signal: stop.signal,
    witness: () => {},
  };
  let requests = 0;
  const test: TestWorkflow = {
    w,
    database,
    waiting,
    notices,
    logged,
    clock,
    async addPeople(...people) {
      if (people.length === 0) return;
      const lines = people.map(({ id, name, manager, zone, email }, at) => ({
        line: at + 2,
        id,
        name: name ?? nameOf(id),
        emails: email === null ? [] : [email ?? `${id}@acme.test`],
        ...(manager === undefined ? {} : { manager }),
        ...(zone === undefined ? {} : { zone }),
        chats: {},
        logins: {},
      }));
      const by = { kind: "operator", user: "test" } as const;
      const file = { people: lines, ignored: [], sha256: "0".repeat(64) };
      const imported = await importPeople(w, file, { by, dryRun: false });
      if (imported.kind === "refused") throw new Error(imported.faults.join("\n"));
    },
    chat: (personId, more) => ({
      surface: "slack",
      id: `U${personId}`,
      name: nameOf(personId),
      email: `${personId}@acme.test`,
      kind: "member",
      ...more,
    }),
    request(personId, requestId) {
      requests += 1;
      return { by: test.chat(personId), requestId: requestId ?? `request-${requests}` };
    },
    async runJobs({ until, notify } = {}) {
      for (let ran = 0; ; ran += 1) {
        const at = waiting.findIndex(({ queue }) => queue !== until);
        const [job] = at < 0 ? [] : waiting.splice(at, 1);
        if (!job) return ran;
        // A step that always makes its own next job would never be quiet.
        if (ran > 5000) throw new Error(`the jobs never end: ${JSON.stringify(job)}`);
        await run(w, job, notify);
      }
    },
    async drop() {
      stop.abort();
      await database.keepLog(signer.verifier);
    },
  };
  await test.addPeople(...(options.people ?? []));
  return test;
}

async function run(w: Workflow, { queue, payload }: SentJob, notify?: (key: string) => Promise<void>): Promise<void> {
  switch (queue) {
    case "take-inventory":
      return takeInventory(w, QUEUES[queue].parse(payload));
    case "contain":
      return contain(w, QUEUES[queue].parse(payload));
    case "propose-plan":
      return proposePlan(w, QUEUES[queue].parse(payload));
    case "start-cut":
      return startCut(w, QUEUES[queue].parse(payload));
    case "revise-plan":
      return revisePlan(w, QUEUES[queue].parse(payload));
    case "revoke-grant":
      return revokeGrant(w, QUEUES[queue].parse(payload));
    case "verify-grant":
      return verifyGrant(w, QUEUES[queue].parse(payload));
    case "restore-grant":
      return restoreGrant(w, QUEUES[queue].parse(payload));
    case "check-owner":
      return checkOwner(w, QUEUES[queue].parse(payload));
    case "hand-over":
      return handOver(w, QUEUES[queue].parse(payload));
    case "close-case":
      return closeCase(w, QUEUES[queue].parse(payload));
    case "look-at-kept":
      return lookAtKept(w, QUEUES[queue].parse(payload));
    case "look-again":
      return lookAgain(w, QUEUES[queue].parse(payload));
    case "notify":
      return notify?.(QUEUES[queue].parse(payload).key);
    default:
      return queue satisfies never;
  }
}

function queueName(queue: unknown): QueueName {
  const name = Object.keys(QUEUES).find((known) => known === queue);
  if (name === undefined) throw new RangeError(`there is no queue ${String(queue)}`);
  return name as QueueName;
}

/** `alice` is Alice. */
function nameOf(id: string): string {
  return id.charAt(0).toUpperCase() + id.slice(1);
}
