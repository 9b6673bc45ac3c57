import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { handle } from "../../src/chat/handle.ts";
import { textOf } from "../peers/chat.ts";
import { actionsOf, type HttpTeams, shownText, startHttpTeams } from "../peers/teams.ts";
import { type CloudUser, type Json, TENANT_ID } from "../peers/teams-cloud.ts";
import { type Bench, bench } from "./bench.ts";

// One organization with both: the Slack of the other tests, and Teams over its real endpoint.

const GROUP = "19:approvers@thread.v2";
let teams: HttpTeams;
let ann: CloudUser;
let bob: CloudUser;
let olga: CloudUser;

beforeAll(async () => {
  teams = await startHttpTeams();
  ann = teams.cloud.addUser("Ann");
  bob = teams.cloud.addUser("Bob");
  olga = teams.cloud.addUser("Olga");
});
afterAll(() => teams.close());
beforeEach(() => {
  teams.cloud.faults.length = 0;
  teams.cloud.conversations.set(GROUP, { kind: "groupChat", members: [ann.id, bob.id], messages: [], installed: true });
});

async function both(): Promise<Bench> {
  const b = await bench({ also: { surface: teams.surface, channel: GROUP } });
  teams.handle = (intent, reply) => handle(b.deps, intent, reply);
  return b;
}

const cards = () => teams.cloud.conversations.get(GROUP)?.messages ?? [];
const inGroup = { conversation: { id: GROUP, conversationType: "groupChat", tenantId: TENANT_ID } };

/** The button of a card with this label, as Teams sends it when it is pressed. */
function buttonOf(card: unknown, label: string): Json {
  const found = actionsOf(card).find(({ title }) => title === label);
  const inner = found?.["type"] === "Action.ShowCard" ? actionsOf(found["card"])[0] : found;
  if (inner?.["type"] !== "Action.Execute") throw new Error(`no “${label}” in ${shownText(card)}`);
  return inner;
}

describe("an organization with Slack and Teams", () => {
  it("decides a case that was started in Slack on both, and each shows the present state", {
    timeout: 120_000,
  }, async () => {
    await using b = await both();
    const caseId = await b.open();
    await b.settle();
    expect(cards()).toHaveLength(1);
    expect(shownText(cards()[0]?.body)).toContain("Offboarding Alice");
    await b.press("ann", b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    expect(shownText(cards()[0]?.body)).toContain("Ann");
    const answer = await teams.press(bob.id, buttonOf(cards()[0]?.body, "Approve"), inGroup);
    expect(answer["value"]).toMatch(/You approved the plan/);
    await b.settle();
    expect(textOf(b.shown(`case:${caseId}`))).toMatch(/Bob/);
    expect(shownText(cards()[0]?.body)).toMatch(/Bob/);
    const view = await b.view(caseId);
    expect(view.steps.length).toBeGreaterThan(0);
    // What belongs to the case stands on both as well.
    expect(b.chat.posts.filter(({ key }) => key === `case:${caseId}`)).toHaveLength(1);
    expect(cards().filter(({ body }) => shownText(body).includes("Offboarding Alice"))).toHaveLength(1);
  });

  it("counts one person on both surfaces as one approver", { timeout: 120_000 }, async () => {
    await using b = await both();
    const caseId = await b.open();
    await b.settle();
    const card = cards()[0]?.body;
    await b.press("ann", b.shown(`case:${caseId}`), "Approve");
    await teams.press(ann.id, buttonOf(card, "Approve"), inGroup);
    const plans = (await b.view(caseId)).plans;
    expect(plans[0]?.state).toBe("proposed");
    expect(plans[0]?.decisions).toHaveLength(1);
  });

  it("lets nobody decide on Teams who may not on Slack", { timeout: 120_000 }, async () => {
    await using b = await both();
    const caseId = await b.open();
    await b.settle();
    const approve = buttonOf(cards()[0]?.body, "Approve");
    const guest = teams.cloud.addUser("Guest", { mail: "bob@acme.test", userType: "Guest" });
    for (const user of [olga, guest]) {
      const answer = await teams.press(user.id, approve, inGroup);
      expect(answer["value"]).toMatch(/cannot/);
    }
    const elsewhere = { conversation: { id: GROUP, conversationType: "groupChat", tenantId: "another" } };
    const strange = await teams.press(bob.id, approve, { ...elsewhere, channelData: { tenant: { id: "another" } } });
    expect(strange["value"]).toMatch(/another organization/);
    expect((await b.view(caseId)).plans[0]?.decisions).toEqual([]);
    teams.cloud.users.delete(guest.id);
  });

  it("goes on in Slack while Teams is away, and says it there when it is back", { timeout: 120_000 }, async () => {
    await using b = await both();
    const away = { method: "POST", status: 503, times: 3 };
    teams.cloud.faults.push(away);
    const caseId = await b.open();
    await b.settle();
    expect(textOf(b.shown(`case:${caseId}`))).toContain("Offboarding Alice");
    expect(away.times).toBeLessThan(3);
    away.times = 0;
    b.t.clock.now = new Date(b.t.clock.now.getTime() + 3_600_000);
    await b.settle();
    expect(shownText(cards()[0]?.body)).toContain("Offboarding Alice");
  });

  it("reaches somebody on Slack who removed the app from Teams", { timeout: 120_000 }, async () => {
    await using b = await both();
    const caseId = await b.open();
    await b.settle();
    // From here on the directory knows Bob's account of Teams.
    await teams.press(bob.id, buttonOf(cards()[0]?.body, "Approve"), inGroup);
    const own = teams.cloud.conversations.get(teams.cloud.personalId(bob.id));
    if (own) own.blocked = true;
    b.chat.channels.set("C1", { private: false, members: [] });
    await b.press("ann", b.shown(`case:${caseId}`), "Reject");
    await b.settle();
    expect(b.chat.dm("Ubob").some(({ message }) => textOf(message).includes("Offboarding Alice"))).toBe(true);
    if (own) own.blocked = false;
  });

  it("says in each chat how it is used there", { timeout: 120_000 }, async () => {
    await using b = await both();
    const inSlack = await b.ask("hr", { kind: "help", command: "/offboard" });
    expect(textOf(inSlack.said[0])).toContain("/offboard status @alice");
    await teams.write(bob.id, "help");
    const shown = await vi.waitFor(
      () => shownText(teams.told(bob.id)) || Promise.reject(new Error("nothing was said")),
      { timeout: 5000 },
    );
    expect(shown).toContain("@Signoff offboard @alice");
    expect(shown).toContain("@Signoff status @alice");
    expect(shown).not.toContain("/offboard");
  });

  it("shows each who looks at a card what they may see of the case", { timeout: 120_000 }, async () => {
    await using b = await both();
    await b.open();
    await b.settle();
    const refresh = actionsOf(cards()[0]?.body).find(({ verb }) => verb === "signoff.refresh") ?? {};
    const asBob = (await teams.press(bob.id, refresh, inGroup))["value"];
    expect(actionsOf(asBob).map(({ title }) => title)).toContain("Approve");
    const asOlga = (await teams.press(olga.id, refresh, inGroup))["value"];
    expect(actionsOf(asOlga)).toEqual([]);
    expect(shownText(asOlga)).not.toContain("Alice");
  });
});
