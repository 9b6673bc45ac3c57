import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jiraIdOf } from "../sandbox/company.ts";
import { JIRA_SITE } from "../sandbox/company-jira.ts";
import { type Sandbox, startSandbox } from "../sandbox/sandbox.ts";
import { accessOf, allAccess, noAccess } from "./access.ts";
import { waitUntil } from "./wait.ts";
import { command, findButton, idOf, listSaid, nameAccount, submit, wordsOf } from "./wire.ts";

const APPROVALS = { channel: "offboarding-approvals" } as const;

let box: Sandbox;
const heard: string[] = [];

beforeAll(async () => {
  box = await startSandbox({ say: (line) => heard.push(line), restarts: false, env: process.env });
});
afterAll(() => box?.stop());

it("cuts at once, after one approver's click, what can be given back, in every system, and reads it back", {
  timeout: 240_000,
}, async () => {
  expect(await accessOf(box)).toEqual(allAccess(box));
  await command(box, "hana", "/offboard", "@alice");
  await submit(box, "hana", {
    when: { type: "radio_buttons", selected_option: { value: "now" } },
    kind: { type: "radio_buttons", selected_option: { value: "involuntary" } },
    mode: { type: "radio_buttons", selected_option: { value: "contain" } },
    reason: { type: "static_select", selected_option: { value: "security" } },
  });
  const clicked = await approve("sam");
  // The system that asks for the account is contained as soon as somebody names it.
  await nameAccount(box, "sam", APPROVALS, `Jira ${JIRA_SITE}`, jiraIdOf("alice"));
  // Left is what cannot be given back just so: the membership of the organization, an API token.
  const contained = {
    ...noAccess(box),
    github: { member: true, collaborator: true, teams: 0 },
    jira: { suspended: true, groups: 0, tokens: 1 },
  };
  const until = Date.now() + 150_000;
  let left = await accessOf(box);
  while (!isDeepStrictEqual(left, contained) && Date.now() < until) {
    await pause(500);
    left = await accessOf(box);
  }
  expect(left).toEqual(contained);
  await waitUntil(async () => (await acts()).every(({ ended }) => ended !== undefined) && (await open()) === 0);

  // What cannot be given back waits for two people, and nothing of it was touched.
  await waitUntil(async () => (await listSaid(box, "sam", APPROVALS)).some((said) => findButton(said, "Approve")));
  expect(await accessOf(box)).toEqual(contained);
  const approvers = new Set(
    (await entries()).filter(({ action }) => action === "plan.decided").map(({ actor }) => actor),
  );
  expect(approvers.size).toBe(1);
  say(clicked, await acts());
});

/** Approves the containment as soon as that can be; gives the instant of the click. */
async function approve(who: string): Promise<number> {
  let clicked = 0;
  await waitUntil(
    async () => {
      for (const message of await listSaid(box, who, APPROVALS)) {
        const found = findButton(message, "Contain now");
        if (!found || !wordsOf(message).includes("Alice Nguyen")) continue;
        const channel = box.slack.channels[APPROVALS.channel] ?? "";
        const source = { kind: "message", channel, ts: message.ts } as const;
        clicked = Date.now();
        await box.gate.interactions.press({ userId: idOf(box, who), source, ...found, chosen: {}, values: {} });
        await pause(1000);
        return (await entries()).some(({ action }) => action === "plan.decided");
      }
      return false;
    },
    90_000,
    50,
  );
  return clicked;
}

interface Entry {
  readonly action: string;
  readonly outcome: string;
  readonly actor: string;
  readonly system: string | null;
  readonly target: string;
  readonly at: string;
}

async function entries(): Promise<readonly Entry[]> {
  const sql = postgres(box.store.ownerUrl, { max: 1 });
  try {
    return await sql<Entry[]>`
      select action, outcome, actor_id as actor, system, target_id as target, at from audit.entries order by seq`;
  } finally {
    await sql.end();
  }
}

/** How many steps are not over, without those of a person. */
async function open(): Promise<number> {
  const sql = postgres(box.store.ownerUrl, { max: 1 });
  try {
    const [row] = await sql`select count(*)::int as n from steps where state in ('waiting', 'revoking', 'reading')`;
    return Number(row?.["n"]);
  } finally {
    await sql.end();
  }
}

/** One call of a system between its two entries; milliseconds since 1970. */
interface Act {
  readonly system: string;
  readonly began: number;
  readonly ended: number | undefined;
  readonly proof: boolean;
}

const AFTER: Readonly<Record<string, string>> = {
  "grant.revokeStarted": "grant.revoked",
  "grant.readStarted": "grant.readBack",
};

async function acts(): Promise<readonly Act[]> {
  const all = await entries();
  return all.flatMap(({ action, system, target, at }, from): Act[] => {
    const after = AFTER[action];
    if (after === undefined || system === null) return [];
    const end = all.slice(from).find((one) => one.action === after && one.system === system && one.target === target);
    const proof = after === "grant.readBack" && end?.outcome === "success";
    return [{ system, began: Date.parse(at), ended: end && Date.parse(end.at), proof }];
  });
}

/** Prints the time from the click to the proofs beside the time that the slowest system itself was busy: it cannot be less. */
function say(clicked: number, done: readonly Act[]): void {
  const proofs = done.flatMap(({ proof, ended }) => (proof && ended !== undefined ? [ended - clicked] : []));
  const busy = [...Map.groupBy(done, ({ system }) => system)].map(([system, own]) => ({ system, ms: busyTime(own) }));
  const slowest = busy.toSorted((one, other) => other.ms - one.ms)[0];
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  console.log(
    `contain: ${proofs.length} proofs, the first ${seconds(Math.min(...proofs))} and the last ${seconds(Math.max(...proofs))} after the click; ` +
      `the slowest system, ${slowest?.system}, was itself busy for ${seconds(slowest?.ms ?? 0)}`,
  );
}

/** How long at least one of these calls ran. */
function busyTime(own: readonly Act[]): number {
  let sum = 0;
  let until = 0;
  for (const { began, ended = began } of own.toSorted((one, other) => one.began - other.began)) {
    sum += Math.max(0, ended - Math.max(began, until));
    until = Math.max(until, ended);
  }
  return sum;
}
