import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Message } from "../../../src/chat/message.ts";
import { renderMessage } from "../../../src/chat/teams/render.ts";
import { SystemError } from "../../../src/core/failure.ts";
import { conversationsIn } from "../../../src/surfaces.ts";
import { freshDatabase, type TestDatabase } from "../../peers/database.ts";
import { BOT, type HttpTeams, shownText, startHttpTeams } from "../../peers/teams.ts";
import { type CloudConversation, type CloudUser, type Json, TENANT_ID } from "../../peers/teams-cloud.ts";

let database: TestDatabase;
let teams: HttpTeams;
let ann: CloudUser;
let group: CloudConversation;
const GROUP = "19:approvers@thread.v2";
const CHANNEL = "19:security@thread.tacv2";
const TEAM = "19:team@thread.tacv2";
const inGroup = { kind: "channel", channelId: GROUP } as const;

beforeAll(async () => {
  database = await freshDatabase();
  teams = await startHttpTeams({ conversations: conversationsIn(database.store) });
  ann = teams.cloud.addUser("Ann");
});
afterAll(async () => {
  await teams.close();
  await database.drop();
});
beforeEach(() => {
  group = { kind: "groupChat", members: [ann.id], messages: [], installed: true };
  teams.cloud.conversations.set(GROUP, group);
  teams.cloud.faults.length = 0;
  teams.cloud.calls.length = 0;
  teams.cloud.mostWriters = 0;
});

const message = (text: string): Message => ({ summary: text, parts: [{ kind: "text", text: [text] }] });
const failure = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof SystemError)) throw new Error(`no failure but ${String(error)}`);
  return error.failure;
};

describe("what Teams takes no more of", () => {
  /** A plan of people and repositories whose names take three bytes a character. */
  const plan: Message = {
    summary: "計画",
    parts: [
      { kind: "heading", text: "計画" },
      {
        kind: "list",
        title: ["削除"],
        items: Array.from({ length: 120 }, (_, at) => [`支払いチーム ${at} `, { code: "管理者権限".repeat(8) }]),
      },
      { kind: "list", title: ["short"], items: [["one"], ["two"]] },
      { kind: "actions", buttons: [{ label: "承認", ask: { kind: "approve-plan", caseId: "c1", planHash: "h" } }] },
    ],
  };

  it("is cut by bytes at a line's end, says how much is left out, and keeps every button", async () => {
    expect(Buffer.byteLength(JSON.stringify(plan))).toBeGreaterThan(16_000);
    const rendered = renderMessage(plan);
    expect(Buffer.byteLength(JSON.stringify(rendered))).toBeLessThanOrEqual(20_000);
    await teams.surface.post(inGroup, plan, "k");
    const shown = shownText(group.messages[0]?.body);
    expect(shown).toMatch(/and \d+ more/);
    expect(shown).toContain("承認");
    expect(shown).toContain("two");
  });

  it.each([
    ["413", 413, { error: { code: "RequestEntityTooLarge" } }],
    ["a bare 400", 400, {}],
  ])("goes again smaller after %s", async (_, status, body) => {
    teams.cloud.faults.push({ method: "POST", status, body, times: 1 });
    await teams.surface.post(inGroup, plan, "k");
    expect(group.messages).toHaveLength(1);
    expect(Buffer.byteLength(JSON.stringify(group.messages[0]?.body))).toBeLessThan(11_000);
  });
});

describe("a mention", () => {
  const zoe = (id: string): Message => ({
    summary: "for Zoë",
    parts: [{ kind: "text", text: ["for ", { member: id, name: "Zoë <Ops> & Co" }, " *now*"] }],
  });

  it("stands in the text letter by letter as in its entity, whatever the name", async () => {
    await teams.surface.post(inGroup, zoe(ann.id), "k");
    const [card] = (group.messages[0]?.body["attachments"] as { content: Json }[]) ?? [];
    expect(card?.content["msteams"]).toMatchObject({
      entities: [{ type: "mention", text: "<at>Zoë &lt;Ops&gt; &amp; Co</at>", mentioned: { id: ann.id } }],
    });
    expect(teams.cloud.calls).toHaveLength(1);
  });

  it("that Teams refuses costs the mention and not the message", async () => {
    teams.cloud.faults.push({ method: "POST", status: 400, body: { error: { code: "BadArgument" } }, times: 1 });
    await teams.surface.post(inGroup, zoe(ann.id), "k");
    expect(shownText(group.messages[0]?.body)).toContain("Zoë");
    expect(JSON.stringify(group.messages[0]?.body)).not.toContain("entities");
  });

  it("of an account of another chat is its name alone", async () => {
    await teams.surface.post(inGroup, zoe("U123"), "k");
    expect(shownText(group.messages[0]?.body)).toContain("Zoë <Ops> & Co");
    expect(JSON.stringify(group.messages[0]?.body)).not.toContain("entities");
  });
});

describe("several at once, and what passes", () => {
  it("writes to one conversation one after another", async () => {
    await Promise.all(Array.from({ length: 6 }, (_, at) => teams.surface.post(inGroup, message(`m${at}`), `k${at}`)));
    expect(group.messages).toHaveLength(6);
    expect(teams.cloud.mostWriters).toBe(1);
  });

  it.each([412, 502])("asks again after %d", async (status) => {
    teams.cloud.faults.push({ method: "POST", status, times: 1 });
    await teams.surface.post(inGroup, message("m"), "k");
    expect(group.messages).toHaveLength(1);
  });

  it("says when to come again after 429, and does not wait in the call", async () => {
    teams.cloud.faults.push({ method: "POST", status: 429, headers: { "retry-after": "120" }, times: 1 });
    const before = Date.now();
    const said = await failure(teams.surface.post(inGroup, message("m"), "k"));
    expect(said.code === "rate-limited" && said.retryAt.getTime() - before).toBeGreaterThan(110_000);
    expect(teams.cloud.calls).toHaveLength(1);
  });

  it("asks nothing twice that an administrator forbids", async () => {
    teams.cloud.faults.push({ method: "POST", status: 403, body: { error: { code: "BotDisabledByAdmin" } }, times: 9 });
    expect(await failure(teams.surface.post(inGroup, message("m"), "k"))).toEqual({
      code: "forbidden",
      scope: "BotDisabledByAdmin",
    });
    expect(teams.cloud.calls).toHaveLength(1);
  });

  it("says of a message that somebody deleted that it is not there", async () => {
    const at = await teams.surface.post(inGroup, message("m"), "k");
    await teams.surface.update(at, message("n"), "k");
    expect(shownText(group.messages[0]?.body)).toContain("n");
    group.messages.length = 0;
    expect(await failure(teams.surface.update(at, message("o"), "k"))).toEqual({
      code: "refused",
      reason: "message_not_found",
    });
  });
});

describe("speaking first", () => {
  const installation = (user: CloudUser, action: string): Json => ({
    type: "installationUpdate",
    id: `install-${Math.random()}`,
    action,
    channelId: "msteams",
    serviceUrl: teams.cloud.addresses.service,
    from: { id: `29:${user.id}`, aadObjectId: user.id },
    recipient: BOT,
    conversation: { id: teams.cloud.personalId(user.id), conversationType: "personal", tenantId: TENANT_ID },
    channelData: { tenant: { id: TENANT_ID } },
  });
  const unreachable = { code: "refused", reason: "member_unreachable" };

  it("goes to the conversation that somebody opened, also after a restart", async () => {
    const omar = teams.cloud.addUser("Omar");
    await teams.send(installation(omar, "add"));
    const again = await startHttpTeams({ conversations: conversationsIn(database.store) });
    try {
      // The service that the first one was told is the one that knows Omar.
      again.cloud.users.set(omar.id, omar);
      expect(await conversationsIn(database.store).findPersonal(omar.id)).toMatchObject({
        serviceUrl: teams.cloud.addresses.service,
        kind: "personal",
      });
      await again.surface.post({ kind: "member", memberId: omar.id }, message("hello"), "k");
      expect(shownText(teams.told(omar.id))).toContain("hello");
    } finally {
      await again.close();
    }
  });

  it("opens a conversation with somebody who has the app and never wrote", async () => {
    const pia = teams.cloud.addUser("Pia");
    await teams.surface.post({ kind: "member", memberId: pia.id }, message("hello"), "k");
    await teams.surface.post({ kind: "member", memberId: pia.id }, message("again"), "k2");
    expect(shownText(teams.told(pia.id))).toContain("again");
    expect(teams.cloud.calls.filter((call) => call === "POST conversations")).toHaveLength(1);
  });

  it("says of somebody who removed the app, blocked it or never had it that they cannot be reached", async () => {
    const quinn = teams.cloud.addUser("Quinn");
    const own = teams.cloud.conversations.get(teams.cloud.personalId(quinn.id));
    const post = () => failure(teams.surface.post({ kind: "member", memberId: quinn.id }, message("x"), "k"));
    await teams.send(installation(quinn, "add"));
    if (own) own.blocked = true;
    expect(await post()).toEqual(unreachable);
    if (own) own.blocked = false;
    await teams.surface.post({ kind: "member", memberId: quinn.id }, message("back"), "k");
    if (own) own.installed = false;
    await teams.send(installation(quinn, "remove"));
    expect(await conversationsIn(database.store).findPersonal(quinn.id)).toBeUndefined();
    expect(await post()).toEqual(unreachable);
  });

  it("takes no id of another kind for a person's", async () => {
    for (const memberId of [`29:${ann.id}`, GROUP, "a:x", ""])
      expect(await failure(teams.surface.post({ kind: "member", memberId }, message("x"), "k"))).toEqual(unreachable);
    expect(teams.cloud.calls).toEqual([]);
  });
});

describe("where approvers read", () => {
  it("reads every page of who is there, by what the directory calls them", async () => {
    const more = ["Bea", "Cy", "Di", "Ed"].map((name) => teams.cloud.addUser(name).id);
    group.members.push(...more);
    expect(await teams.surface.getChannel(GROUP)).toEqual({ private: true, members: [ann.id, ...more] });
  });

  it("takes a channel for private only if its team says so, and answers in its threads", async () => {
    teams.cloud.conversations.set(CHANNEL, { kind: "channel", members: [ann.id], messages: [], installed: true });
    expect((await teams.surface.getChannel(CHANNEL)).private).toBe(false);
    await teams.write(ann.id, "<at>Signoff</at> help", {
      conversation: { id: `${CHANNEL};messageid=1`, conversationType: "channel", tenantId: TENANT_ID },
      channelData: { tenant: { id: TENANT_ID }, team: { id: TEAM }, channel: { id: CHANNEL } },
    });
    teams.cloud.channels.set(TEAM, [{ id: CHANNEL, type: "standard" }]);
    expect((await teams.surface.getChannel(CHANNEL)).private).toBe(false);
    teams.cloud.channels.set(TEAM, [{ id: CHANNEL, type: "private" }]);
    expect((await teams.surface.getChannel(CHANNEL)).private).toBe(true);
    const parent = await teams.surface.post({ kind: "channel", channelId: CHANNEL }, message("case"), "k");
    await teams.surface.post({ kind: "thread", parent }, message("step"), "k2");
    expect(teams.cloud.conversations.get(CHANNEL)?.messages.at(-1)?.body["in"]).toBe(
      `${CHANNEL};messageid=${parent.ts}`,
    );
  });

  it("names the permission without which nobody can be read, and takes nobody for a stranger meanwhile", async () => {
    teams.cloud.mayReadUsers = false;
    expect(await failure(teams.surface.getMember(ann.id))).toEqual({ code: "forbidden", scope: "User.Read.All" });
    teams.cloud.mayReadUsers = true;
    expect((await teams.surface.getMember(ann.id))?.kind).toBe("member");
  });

  it("finds an account by its e-mail alone if exactly one has it", async () => {
    expect((await teams.surface.findMember("ANN@acme.test"))?.id).toBe(ann.id);
    expect(await teams.surface.findMember("nobody@acme.test")).toBeUndefined();
    teams.cloud.addUser("Ann", { mail: "ann@acme.test" });
    expect(await teams.surface.findMember("ann@acme.test")).toBeUndefined();
  });
});
