import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { jiraIdOf } from "../sandbox/company.ts";
import { JIRA_SITE } from "../sandbox/company-jira.ts";
import { type Sandbox, startSandbox } from "../sandbox/sandbox.ts";
import { approvedSteps, askedFor } from "./expected.ts";
import { waitUntil } from "./wait.ts";
import { command, idOf, listSaid, type Message, nameAccount, press, submit, wordsOf } from "./wire.ts";

const APPROVALS = { channel: "offboarding-approvals" } as const;
const DIRECT = { direct: true } as const;
const THREAD = { ...APPROVALS, threadOf: "Offboarding Alice Nguyen" } as const;

let box: Sandbox;
const heard: string[] = [];

beforeAll(async () => {
  // Short leases, so that what a killed process held is free again soon.
  const policy = { leaseSeconds: 30, callSeconds: 25, backoffSeconds: 0.5 };
  box = await startSandbox({ say: (line) => heard.push(line), restarts: false, env: process.env, policy });
});
afterAll(() => box?.stop());

afterEach(async ({ task }) => {
  if (task.result?.state !== "fail") return;
  console.error(heard.slice(-40).join("\n"));
  console.error(
    (await entriesNow()).map(({ seq, action, outcome, target }) => `${seq} ${action} ${outcome} ${target}`).join("\n"),
  );
});

interface Entry {
  readonly seq: string;
  readonly action: string;
  readonly outcome: string;
  readonly target: string;
  readonly actor: string;
}

/** Entries so far. */
async function entriesNow(): Promise<readonly Entry[]> {
  const sql = postgres(box.store.ownerUrl, { max: 1, onnotice: () => {}, connect_timeout: 5 });
  try {
    return await sql<Entry[]>`
      select seq, action, outcome, actor_id as actor, concat(target_kind, ' ', coalesce(system, ''), ' ', target_id) as target
      from audit.entries order by seq`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const has = async (action: string, times = 1) =>
  (await entriesNow()).filter((entry) => entry.action === action).length >= times;

async function answersAgain(): Promise<boolean> {
  try {
    await box.store.ensureRunning();
    return (await entriesNow()).length > 0;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** At the moment of `times` entries of that action the app dies, the database's server with it if told so. */
async function killAt(action: string, times: number, database = false): Promise<void> {
  await waitUntil(() => has(action, times), 120_000, 20);
  await box.app.kill("SIGKILL");
  if (database) {
    const { pid } = box.store;
    process.kill(pid, "SIGKILL");
    // Only once it is really gone does anybody see that it must be started again.
    await waitUntil(async () => !isAlive(pid), 30_000, 20);
    await waitUntil(async () => answersAgain());
  }
  await box.app.start();
}

it("comes to the same end, nothing missing and nothing doubled, killed at ten moments", {
  timeout: 900_000,
}, async () => {
  await command(box, "hana", "/offboard", "@alice");
  await submit(box, "hana", {
    when: { type: "radio_buttons", selected_option: { value: "now" } },
    announced: { type: "checkboxes", selected_options: [{ value: "yes" }] },
    heir: { type: "users_select", selected_user: idOf(box, "bob") },
    reason: { type: "static_select", selected_option: { value: "resignation" } },
  });
  await killAt("case.opened", 1);
  await killAt("system.readStarted", 1);
  await killAt("plan.proposed", 1, true);
  await nameAccount(box, "sam", APPROVALS, `Jira ${JIRA_SITE}`, jiraIdOf("alice"));
  // The old plan is replaced by one that has Jira's part.
  await waitUntil(() => has("plan.proposed", 2));
  await press(box, "sam", APPROVALS, "Approve", "Offboarding Alice", () => has("plan.decided", 1));
  await killAt("plan.decided", 1);
  const second = press(box, "ivo", APPROVALS, "Approve", "Offboarding Alice", () => has("plan.decided", 2));
  await killAt("plan.decided", 2);
  await second;
  await killAt("case.cutStarted", 1);
  await killAt("grant.revokeStarted", 1);
  await killAt("grant.revoked", 4, true);
  const retry = "Retry settlement";
  // Eight at a time are shown: the rest come up as these are answered.
  for (let accepted = 1; accepted <= 5; accepted += 1)
    await press(box, "bob", DIRECT, "Accept", "", () => has("offer.accepted", accepted));
  // Bob cannot review his own pull request, so somebody else is asked, and knows a better one.
  const asked = await askedFor(box, retry);
  const taker = asked === "carol" ? "mira" : "carol";
  const dialogOf = async () => box.gate.views.top(idOf(box, asked)) !== undefined;
  await press(box, asked, DIRECT, "Suggest someone", retry, dialogOf);
  await submit(box, asked, { to: { type: "users_select", selected_user: idOf(box, taker) } });
  await waitUntil(() => has("offer.passed"));
  for (let accepted = 6; accepted <= 10; accepted += 1)
    await press(box, "bob", DIRECT, "Accept", "", () => has("offer.accepted", accepted));
  await killAt("work.moveStarted", 2);
  await press(box, taker, DIRECT, "Accept", retry, () => has("offer.accepted", 11));
  await press(
    box,
    "ivo",
    THREAD,
    "Done by hand",
    "Laptop",
    async () => box.gate.views.top(idOf(box, "ivo")) !== undefined,
  );
  await submit(box, "ivo", { note: { type: "plain_text_input", value: "Laptop 4711 is back" } });
  await killAt("grant.attested", 1);
  await waitUntil(() => has("case.closed"), 240_000);
  await waitUntil(async () =>
    (await listSaid(box, "sam", THREAD)).some((message) => wordsOf(message).includes("Summary: Alice")),
  );

  const log = await entriesNow();
  expect(log.map(({ seq }) => Number(seq))).toEqual(log.map((_, at) => at));
  expect(log.filter(({ action }) => action === "case.opened")).toHaveLength(1);
  expect(log.findLast(({ action }) => action.startsWith("case."))).toMatchObject({
    action: "case.closed",
    outcome: "success",
  });
  expect(await final()).toEqual({
    cases: "closed",
    steps: { attested: 1, proven: await approvedSteps(box) },
    offers: { moved: 11 },
  });
  expect(twiceDone(log)).toEqual([]);
  expect(unfinished(log)).toEqual([]);
  expect(
    await box.signoff("audit", "verify", "--checkpoint", box.environment["SIGNOFF_CHECKPOINT_FILE"] ?? ""),
  ).toMatch(/holds|verified|good/i);

  const everywhere = [
    await listSaid(box, "sam", APPROVALS),
    await listSaid(box, "sam", THREAD),
    await listSaid(box, "bob", DIRECT),
    await listSaid(box, "carol", DIRECT),
    await listSaid(box, "hana", DIRECT),
  ];
  expect(everywhere.flatMap(doubled)).toEqual([]);
  expect(everywhere.map(({ length }) => length > 0)).toEqual([true, true, true, true, true]);
  for (const path of ["ledger/issues/1", "ledger/issues/2", "ledger/issues/3", "infrastructure/issues/1"]) {
    const comments = await box.github.look(`/repos/acme/${path}/comments`);
    expect(Array.isArray(comments) ? comments.length : comments, path).toBe(1);
  }
});

/** How everything stands in the end. */
async function final() {
  const sql = postgres(box.store.ownerUrl, { max: 1 });
  try {
    const count = (rows: readonly postgres.Row[]) => Object.fromEntries(rows.map((row) => [row["state"], row["n"]]));
    const [row] = await sql`select state from cases`;
    return {
      cases: row?.["state"],
      steps: count(await sql`select state, count(*)::int as n from steps group by state order by state`),
      offers: count(await sql`select state, count(*)::int as n from offers group by state`),
    };
  } finally {
    await sql.end();
  }
}

/** Grants that were acted on again after they were proven gone. */
function twiceDone(log: readonly Entry[]): string[] {
  const proven = new Set<string>();
  return log.flatMap(({ action, outcome, target }) => {
    if (action === "grant.readBack" && outcome === "success") proven.add(target);
    return action === "grant.revokeStarted" && proven.has(target) ? [target] : [];
  });
}

/** Acts whose entry before has neither an entry after nor one that says it was interrupted. */
function unfinished(log: readonly Entry[]): string[] {
  const pairs = [
    ["system.readStarted", "system.read", "system.readInterrupted"],
    ["grant.revokeStarted", "grant.revoked", "grant.revokeInterrupted"],
    ["grant.readStarted", "grant.readBack", "grant.readInterrupted"],
    ["work.moveStarted", "work.moved", "work.moveInterrupted"],
    ["work.closeStarted", "work.closed", "work.closeInterrupted"],
  ] as const;
  return pairs.flatMap(([before, ...after]) => {
    const open = new Map<string, number>();
    for (const { action, target } of log) {
      if (action === before) open.set(target, (open.get(target) ?? 0) + 1);
      if (after.some((one) => one === action)) open.set(target, (open.get(target) ?? 0) - 1);
    }
    return [...open].filter(([, left]) => left !== 0).map(([target, left]) => `${before} ${target} ${left}`);
  });
}

/** Messages that stand twice: the same mark, or the same first words. */
function doubled(said: readonly Message[]): string[] {
  const marks = said.map(({ blocks }) => blocks?.[0]?.block_id.split(":").slice(0, 2).join(":") ?? "");
  return marks.filter((mark, at) => marks.indexOf(mark) !== at);
}
