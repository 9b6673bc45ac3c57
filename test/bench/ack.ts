import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";
import { manual } from "../../connectors/manual/index.ts";
import { readLogKey } from "../../src/audit/key.ts";
import { Secret } from "../../src/core/secret.ts";
import { openStore } from "../../src/store/open.ts";
import { freePort } from "../../src/store/server/port.ts";
import { openCase } from "../../src/workflow/open-case.ts";
import type { Workflow } from "../../src/workflow/workflow.ts";
import { quietWorkflow } from "../people/bench.ts";
import { emailOf } from "../sandbox/company.ts";
import { type Sandbox, startSandbox } from "../sandbox/sandbox.ts";
import { percentile, table } from "./figures.ts";

const CASES = 50;
const REQUESTS = 600;
/** Requests under way at once: a busy channel, not a flood. */
const AT_ONCE = 4;
/** Pause of each sender between two, in ms, so that what the first ones asked for is worked on while the last ones come. */
const PAUSE_MS = 60;
/** Slack waits 3000 ms; we promise a twelfth of it. */
const PROMISED_P99 = 250;

interface Endpoint {
  readonly url: string;
  readonly secret: string;
}

/**
 * From request to acknowledgement on the app's real endpoint while fifty cases are read, planned and told of, beside a
 * bare Bolt app that does nothing, on the same machine and at the same time of day.
 */
export async function main(): Promise<boolean> {
  const box = await startSandbox({ say: () => {}, restarts: false, env: process.env });
  try {
    const secret = box.environment["SLACK_SIGNING_SECRET"] ?? "";
    const bare = await startBare(secret);
    try {
      const app = { url: `${box.appUrl}/slack/events`, secret };
      await send(app, 40, box);
      await send(bare.endpoint, 40, box);
      const quiet = await send(bare.endpoint, REQUESTS, box);
      await openCases(box);
      const before = await countEntries(box);
      const ours = await send(app, REQUESTS, box);
      const written = (await countEntries(box)) - before;
      const beside = await send(bare.endpoint, REQUESTS, box);
      const p99 = percentile(ours, 0.99);
      console.log(`Request to acknowledgement, ${REQUESTS} signed requests, ${AT_ONCE} at once, in ms`);
      console.log(
        table([
          ["", "p50", "p99", "max"],
          row(`Signoff, ${CASES} cases in progress`, ours),
          row("bare Bolt, beside them", beside),
          row("bare Bolt, alone", quiet),
        ]),
      );
      console.log(`Meanwhile the app wrote ${written} entries.`);
      const ratio = percentile(ours, 0.5) / percentile(beside, 0.5);
      console.log(`Ratio of p50 to bare Bolt beside: ${ratio.toFixed(2)}`);
      console.log(`${p99 < PROMISED_P99 ? "Kept" : "BROKEN"}: p99 under ${PROMISED_P99} ms`);
      return p99 < PROMISED_P99;
    } finally {
      await bare.stop();
    }
  } finally {
    await box.stop();
  }
}

function row(name: string, times: readonly number[]): readonly string[] {
  return [name, ...[percentile(times, 0.5), percentile(times, 0.99), Math.max(...times)].map((ms) => ms.toFixed(1))];
}

async function startBare(secret: string): Promise<{ readonly endpoint: Endpoint; stop(): Promise<void> }> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(import.meta.dirname, "bare-bolt-child.ts")], {
    env: { PATH: process.env["PATH"], PORT: String(port), SLACK_SIGNING_SECRET: secret },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), ended.then(() => Promise.reject(new Error("bare Bolt ended")))]);
  return {
    endpoint: { url: `http://127.0.0.1:${port}/slack/events`, secret },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Fifty more people leave at once. Only rows and entries are written here: the app finds them and does the work. */
async function openCases(box: Sandbox): Promise<void> {
  const people = Array.from({ length: CASES }, (_, at) => `L${String(at + 1).padStart(3, "0")}`);
  const file = join(box.folder, "leavers.csv");
  const lines = people.map((id) => `${id},${id.toLowerCase()}@acme.example,Leaver ${id},E1011,Europe/Berlin,U${id}`);
  await writeFile(file, `id,emails,name,manager,zone,slack\n${lines.join("\n")}\n`);
  await box.signoff("import", "people", file);
  const store = openStore({ url: box.store.url });
  const signer = readLogKey(new Secret(box.environment["SIGNOFF_LOG_KEY"] ?? ""));
  const laptop = manual({ title: "Laptop and badge", owner: emailOf("ivo"), appliesTo: "everyone", dueHours: 72 });
  const system = laptop.connect({ fetch });
  const quiet = quietWorkflow(store);
  const w: Workflow = {
    ...quiet,
    signer,
    verifier: signer.verifier,
    systems: new Map([[system.id, system]]),
    roles: { ...quiet.roles, requester: [emailOf("hana")] },
  };
  try {
    for (const id of people) {
      const by = { surface: "slack", id: box.slack.ids["hana"] ?? "", name: "hana", kind: "member" } as const;
      const leaver = { surface: "slack", id: `U${id}`, name: id, kind: "member" } as const;
      const opened = await openCase(w, { by, requestId: `bench:${id}` }, leaver, {
        when: { kind: "now" },
        kind: "contract-end",
        mode: "orderly",
        announced: false,
        reason: "contract-end",
      });
      if (opened.kind !== "opened") throw new Error(JSON.stringify(opened));
    }
  } finally {
    await store.close();
  }
}

async function countEntries(box: Sandbox): Promise<number> {
  const sql = postgres(box.store.ownerUrl, { max: 1, onnotice: () => {} });
  try {
    const [row] = await sql<{ count: string }[]>`select count(*) from audit.entries`;
    return Number(row?.count);
  } finally {
    await sql.end();
  }
}

/** Sends commands and presses in turn, and measures each from the first byte sent to the whole answer. */
async function send(to: Endpoint, requests: number, box: Sandbox): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const times: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < requests) {
      next += 1;
      await pause(PAUSE_MS);
      times.push(await one(to, agent, next % 2 === 0 ? command(box, next) : press(box, next)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  agent.destroy();
  return times;
}

function one(to: Endpoint, agent: Agent, fields: Readonly<Record<string, string>>): Promise<number> {
  const body = new URLSearchParams(fields).toString();
  const at = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", to.secret).update(`v0:${at}:${body}`).digest("hex");
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const asked = request(
      to.url,
      {
        method: "POST",
        agent,
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          "content-length": Buffer.byteLength(body),
          "x-slack-request-timestamp": at,
          "x-slack-signature": `v0=${signature}`,
        },
      },
      (answer) => {
        answer.resume();
        answer.on("end", () =>
          answer.statusCode === 200
            ? resolve(performance.now() - start)
            : reject(new Error(`the endpoint answered ${answer.statusCode}`)),
        );
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

/** The auditor looks at Alice's history: a read of the log and a proof of each line, after the acknowledgement. */
function command(box: Sandbox, number: number): Record<string, string> {
  return {
    command: "/audit",
    text: `<@${box.slack.ids["alice"] ?? ""}|alice>`,
    user_id: box.slack.ids["noor"] ?? "",
    channel_id: box.slack.channels["general"] ?? "",
    trigger_id: `bench.${number}.${performance.now()}`,
  };
}

/** An approver presses a button of a plan that is not there any more. */
function press(box: Sandbox, number: number): Record<string, string> {
  const value = JSON.stringify({ kind: "approve-plan", caseId: "NOTTHERE", planHash: "0".repeat(64) });
  const payload = {
    type: "block_actions",
    user: { id: box.slack.ids["sam"] ?? "" },
    api_app_id: "A0SIGNOFF",
    trigger_id: `bench.${number}.${performance.now()}`,
    container: { type: "message", message_ts: "1.1" },
    channel: { id: box.slack.channels["general"] ?? "" },
    message: { ts: "1.1" },
    actions: [
      { type: "button", block_id: "b", action_id: "bench", action_ts: `${number}.${performance.now()}`, value },
    ],
  };
  return { payload: JSON.stringify(payload) };
}
