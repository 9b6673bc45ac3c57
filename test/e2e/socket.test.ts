import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { newLogKey } from "../../src/audit/key.ts";
import { freshDatabase } from "../peers/database.ts";
import { runProgram, startProgram } from "../peers/program.ts";
import { readSlackManifest, type SocketPeer, startSocketPeer } from "../peers/slack.ts";
import { startSocketBridge } from "../peers/socket-bridge.ts";
import { EMPLOYEES, emailOf } from "../sandbox/company.ts";
import { startGate } from "../sandbox/gate.ts";
import { startSlack } from "../sandbox/services/slack.ts";
import { waitUntil } from "./wait.ts";
import { command, findButton, idOf, listSaid, press, submit, wordsOf } from "./wire.ts";

const APPROVALS = { channel: "offboarding-approvals" };
const THREAD = { ...APPROVALS, threadOf: "Offboarding Alice" };

const undo: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of undo.reverse()) await end();
});

it("takes a case from the command to its summary over the socket alone, with no address of its own", {
  timeout: 240_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "signoff-socket-"));
  undo.push(() => rm(folder, { recursive: true }));
  const database = await freshDatabase({ migrated: false });
  undo.push(() => database.drop());
  const slack = await startSlack();
  undo.push(() => slack.close());
  let peer: SocketPeer | undefined;
  const bridge = await startSocketBridge(() => {
    if (!peer) throw new Error("there is no socket yet");
    return peer;
  });
  undo.push(() => bridge.close());
  const gate = await startGate({
    slack,
    manifest: await readSlackManifest(),
    signingSecret: "nobody checks it",
    appUrl: () => bridge.url,
  });
  undo.push(() => gate.close());
  peer = await startSocketPeer(gate.apiUrl);
  undo.push(() => peer?.close());
  const box = { gate, slack };

  const environment = {
    HOME: folder,
    DATABASE_URL: database.url,
    DATABASE_OWNER_URL: database.ownerUrl,
    SIGNOFF_LOG_KEY: newLogKey("test/socket").key.reveal(),
    SIGNOFF_CHECKPOINT_FILE: join(folder, "checkpoint"),
    SIGNOFF_PORT: "0",
    SIGNOFF_REQUESTERS: emailOf("hana"),
    SIGNOFF_APPROVERS: [emailOf("sam"), emailOf("ivo")].join(","),
    SIGNOFF_IT_OWNER: emailOf("ivo"),
    SIGNOFF_APPROVERS_CHANNEL: slack.channels[APPROVALS.channel] ?? "",
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: "xapp-1",
    SLACK_API_URL: peer.apiUrl,
  };
  const people = join(folder, "people.csv");
  const lines = EMPLOYEES.map(({ id, handle, name, zone }) => [id, emailOf(handle), name, zone].join(","));
  await writeFile(people, ["id,emails,name,zone", ...lines, ""].join("\n"));
  expect(await runProgram("cli.ts", ["import", "people", people], environment)).toMatchObject({ code: 0 });
  const app = startProgram("main.ts", [], environment);
  undo.push(async () => {
    app.kill("SIGKILL");
    await app.ended;
  });
  await app.line("Signoff is ready");

  await command(box, "hana", "/offboard", "@alice");
  await submit(box, "hana", {
    when: { type: "radio_buttons", selected_option: { value: "now" } },
    reason: { type: "static_select", selected_option: { value: "resignation" } },
  });
  const thread = () => listSaid(box, "sam", THREAD);
  const approvable = async () =>
    (await listSaid(box, "sam", APPROVALS)).some((message) => findButton(message, "Approve") !== undefined);
  await waitUntil(approvable);
  const approved = async (by: string) =>
    (await listSaid(box, "sam", APPROVALS)).some((message) => wordsOf(message).includes(by)) || !(await approvable());
  await press(box, "sam", APPROVALS, "Approve", "Offboarding Alice", () => approved("approved by Sam"));
  await press(box, "ivo", APPROVALS, "Approve", "Offboarding Alice", async () => !(await approvable()));
  await press(box, "ivo", THREAD, "Done by hand", "Laptop", async () => gate.views.top(idOf(box, "ivo")) !== undefined);
  await submit(box, "ivo", { note: { type: "plain_text_input", value: "Laptop 4711 is back" } });
  await waitUntil(async () => (await thread()).some((message) => wordsOf(message).includes("Summary")));
  app.kill("SIGTERM");
  const end = await app.ended;
  expect(end).toMatchObject({ code: 0, err: "" });
  expect(end.out).not.toContain("xapp-1");
});
