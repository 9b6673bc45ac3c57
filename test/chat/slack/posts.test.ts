import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../../src/chat/message.ts";
import { slackSurface } from "../../../src/chat/slack/index.ts";
import { SystemError } from "../../../src/core/failure.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type HttpSlack, keepingLog, startHttpSlack } from "../../peers/slack.ts";
import { SIGNOFF_BOT } from "../../sandbox/company.ts";

let slack: HttpSlack;
let approvers: string;
const id = (handle: string) => slack.gate.slack.ids[handle] ?? "";
const said = (text: string): Message => ({ summary: text, parts: [{ kind: "text", text: [text] }] });
const failureOf = async (work: Promise<unknown>) => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SystemError);
  return error instanceof SystemError ? error.failure : undefined;
};

beforeAll(async () => {
  slack = await startHttpSlack();
  approvers = slack.gate.slack.channels["offboarding-approvals"] ?? "";
});
afterAll(() => slack.close());
afterEach(() => {
  slack.gate.faults.down = "no";
  slack.gate.faults.limit("chat.postMessage", 0);
  slack.gate.members.reactivate(id("bob"));
  slack.gate.members.reactivate(SIGNOFF_BOT.userId);
});

const read = async (channel: string) =>
  (await slack.gate.slack.call("conversations.history", { channel }, "bot"))["messages"];

describe("a post", () => {
  it("stands in its channel, is found by its key and replaced in place", async () => {
    const to = { kind: "channel", channelId: approvers } as const;
    expect(await slack.surface.findPost(to, "case-1")).toBeUndefined();
    const at = await slack.surface.post(to, said("First words"), "case-1");
    expect(await slack.surface.findPost(to, "case-1")).toEqual(at);
    expect(await slack.surface.findPost(to, "case-2")).toBeUndefined();
    await slack.surface.update(at, said("Second words"), "case-1");
    const messages = JSON.stringify(await read(approvers));
    expect(messages).toContain("Second words");
    expect(messages).not.toContain("First words");
    expect(await slack.surface.findPost(to, "case-1")).toEqual(at);
  });

  it("is found in a thread", async () => {
    const parent = await slack.surface.post({ kind: "channel", channelId: approvers }, said("Parent"), "parent");
    const to = { kind: "thread", parent } as const;
    const at = await slack.surface.post(to, said("Reply"), "reply");
    expect(at.channel).toBe(approvers);
    expect(await slack.surface.findPost(to, "reply")).toEqual(at);
    expect(await slack.surface.findPost({ kind: "channel", channelId: approvers }, "reply")).toBeUndefined();
  });

  it("reaches a person by direct message and is found there", async () => {
    const to = { kind: "member", memberId: id("bob") } as const;
    const at = await slack.surface.post(to, said("An offer"), "offer-1");
    expect(at.channel).toMatch(/^D/);
    expect(await slack.surface.findPost(to, "offer-1")).toEqual(at);
  });

  it("of somebody else with our mark is not taken for ours", async () => {
    const to = { kind: "channel", channelId: approvers } as const;
    const at = await slack.surface.post(to, said("Ours"), "mine");
    const [ours] = (await read(approvers)) as { blocks: unknown; metadata: unknown }[];
    await slack.gate.slack.call(
      "chat.postMessage",
      { channel: approvers, text: "Forged", blocks: ours?.blocks, metadata: ours?.metadata },
      "sam",
    );
    expect(await slack.surface.findPost(to, "mine")).toEqual(at);
  });

  it("is found behind many newer ones", async () => {
    const to = { kind: "channel", channelId: approvers } as const;
    const at = await slack.surface.post(to, said("Old"), "old");
    for (let n = 0; n < 205; n += 1)
      await slack.gate.slack.call("chat.postMessage", { channel: approvers, text: `${n}` }, "sam");
    expect(await slack.surface.findPost(to, "old")).toEqual(at);
  });
});

describe("a direct message is refused before it is sent", () => {
  it("to a deactivated account, where nobody would read it", async () => {
    await slack.surface.post({ kind: "member", memberId: id("bob") }, said("x"), "x");
    slack.gate.members.deactivate(id("bob"));
    const before = slack.gate.seen.length;
    const post = slack.surface.post({ kind: "member", memberId: id("bob") }, said("Still there?"), "y");
    expect(await failureOf(post)).toEqual({ code: "refused", reason: "user_disabled" });
    expect(slack.gate.seen.slice(before).map((call) => call.method)).toEqual(["users.info"]);
  });

  it("to a bot, to a stranger and to nobody", async () => {
    const post = (memberId: string) => slack.surface.post({ kind: "member", memberId }, said("x"), "z");
    expect(await failureOf(post("U0BUILDBOT"))).toMatchObject({ reason: "cannot_dm_bot" });
    expect(await failureOf(post(id("erin")))).toMatchObject({ reason: "external_member" });
    expect(await failureOf(post("U0NOBODY"))).toMatchObject({ reason: "user_not_found" });
  });
});

describe("a refusal of Slack", () => {
  const post = () => slack.surface.post({ kind: "channel", channelId: approvers }, said("x"), "r");

  it("by rate limit says until when, at once and without trying again", async () => {
    slack.gate.faults.limit("chat.postMessage", 1, 30);
    const from = Date.now();
    const failure = await failureOf(post());
    expect(failure).toMatchObject({ code: "rate-limited" });
    const until = failure?.code === "rate-limited" ? failure.retryAt.getTime() - from : 0;
    expect(until).toBeGreaterThanOrEqual(29_000);
    expect(until).toBeLessThan(60_000);
    await post();
  });

  it("by a cut connection or a proxy is unreachable", async () => {
    for (const down of ["refuse", "503"] as const) {
      slack.gate.faults.down = down;
      expect(await failureOf(post())).toEqual({ code: "unreachable" });
    }
  });

  it("names its own code", async () => {
    const elsewhere = slack.surface.post({ kind: "channel", channelId: "C0NOWHERE" }, said("x"), "r");
    expect(await failureOf(elsewhere)).toEqual({ code: "refused", reason: "channel_not_found" });
    slack.gate.members.deactivate(SIGNOFF_BOT.userId);
    expect(await failureOf(post())).toEqual({ code: "refused", reason: "account_inactive" });
  });

  it("for a missing scope names the scope", async () => {
    const general = slack.gate.slack.channels["general"] ?? "";
    const search = slack.surface.findPost({ kind: "channel", channelId: general }, "k");
    expect(await failureOf(search)).toEqual({ code: "forbidden", scope: "channels:history" });
  });
});

describe("an account", () => {
  const kindOf = async (memberId: string) => (await slack.surface.getMember(memberId))?.kind;

  it("is told apart: member, guest, external, bot, none", async () => {
    expect(await slack.surface.getMember(id("hana"))).toEqual({
      surface: "slack",
      id: id("hana"),
      name: "Hana Park",
      email: "hana@acme.example",
      zone: "Europe/Berlin",
      kind: "member",
    });
    expect(await kindOf(id("gus"))).toBe("guest");
    expect(await kindOf("U0BUILDBOT")).toBe("bot");
    expect(await kindOf(id("erin"))).toBe("external");
    expect(await kindOf("U0NOBODY")).toBeUndefined();
    expect(await kindOf(" ")).toBeUndefined();
  });

  it("of another company brings no e-mail, since that is set by somebody else's admin", async () => {
    expect(await slack.surface.getMember(id("erin"))).not.toHaveProperty("email");
  });

  it("is read afresh each time: a deactivation shows at once", async () => {
    expect(await kindOf(id("bob"))).toBe("member");
    slack.gate.members.deactivate(id("bob"));
    expect(await kindOf(id("bob"))).toBe("deactivated");
  });

  it("is found by its exact e-mail, in any case of letters", async () => {
    expect((await slack.surface.findMember("Alice@Acme.Example"))?.id).toBe(id("alice"));
    expect(await slack.surface.findMember("nobody@acme.example")).toBeUndefined();
  });

  it("that is deactivated is still found by e-mail, as deactivated", async () => {
    slack.gate.members.deactivate(id("bob"));
    expect(await slack.surface.findMember("bob@acme.example")).toMatchObject({ id: id("bob"), kind: "deactivated" });
  });

  it("is never found by an empty e-mail, and Slack is not even asked", async () => {
    const before = slack.gate.seen.length;
    for (const blank of ["", "  "]) expect(await slack.surface.findMember(blank)).toBeUndefined();
    expect(slack.gate.seen.length).toBe(before);
  });
});

describe("a channel", () => {
  it("says whether it is private and who is in it", async () => {
    const channel = await slack.surface.getChannel(approvers);
    expect(channel.private).toBe(true);
    expect([...channel.members].sort()).toEqual([id("ivo"), id("sam"), SIGNOFF_BOT.userId].sort());
    expect((await slack.surface.getChannel(slack.gate.slack.channels["payments"] ?? "")).private).toBe(false);
  });
});

describe("the scopes of the manifest", () => {
  it("were each needed by a call above, but for the one of commands", () => {
    const used = new Set(slack.gate.seen.filter((call) => call.ok).flatMap((call) => call.scopes));
    const asked = slack.gate.manifest.oauth_config.scopes.bot.filter((scope) => scope !== "commands");
    expect([...used].sort()).toEqual(asked);
  });
});

describe("odd answers", () => {
  /** A surface whose Slack answers what it is told to. */
  function answering(answers: (method: string, body: URLSearchParams) => object) {
    const { log, lines } = keepingLog();
    const surface = slackSurface({
      botToken: new Secret("xoxb-secret"),
      mode: { kind: "http", signingSecret: new Secret("s") },
      apiUrl: "http://slack.invalid/api/",
      log,
      now: () => new Date(),
      fetch: async (url, init) => {
        const method = String(url).split("/").at(-1) ?? "";
        const body = new URLSearchParams(String(init?.body));
        const home = { ok: true, team_id: "T1", user_id: "U0BOT", bot_id: "B1", enterprise_id: "E1" };
        return Response.json(method === "auth.test" ? home : answers(method, body));
      },
    });
    return { surface, lines };
  }
  const user = (fields: object) => answering(() => ({ ok: true, user: { id: "U9", team_id: "T1", ...fields } }));

  it("a profile without an e-mail, without a profile, or with an empty e-mail is an account without one", async () => {
    for (const fields of [
      { profile: { real_name: "CI" } },
      {},
      { profile: { email: "" } },
      { profile: { email: null } },
    ]) {
      expect(await user(fields).surface.getMember("U9")).not.toHaveProperty("email");
    }
  });

  it("an account of another team of our own organisation is ours", async () => {
    const inOrg = { team_id: "T2", enterprise_user: { enterprise_id: "E1" } };
    expect((await user(inOrg).surface.getMember("U9"))?.kind).toBe("member");
    expect((await user({ team_id: "T2" }).surface.getMember("U9"))?.kind).toBe("external");
    expect((await user({ team_id: null }).surface.getMember("U9"))?.kind).toBe("external");
  });

  it("a lookup by e-mail that answers somebody else finds nobody", async () => {
    const other = user({ profile: { email: "other@acme.example" } });
    expect(await other.surface.findMember("alice@acme.example")).toBeUndefined();
  });

  it("a channel is read to its last page, and the same page twice is an error", async () => {
    const pages: Record<string, object> = {
      "": { members: ["U1"], response_metadata: { next_cursor: "a" } },
      a: { members: ["U2"], response_metadata: { next_cursor: "b" } },
      b: { members: [], response_metadata: { next_cursor: "c" } },
      c: { members: ["U3"], response_metadata: { next_cursor: "" } },
    };
    const channel = (loop: boolean) =>
      answering((method, body) => {
        if (method === "conversations.info") return { ok: true, channel: { is_private: true } };
        const cursor = body.get("cursor") ?? "";
        return { ok: true, ...pages[loop && cursor === "b" ? "a" : cursor] };
      }).surface.getChannel("C1");
    expect((await channel(false)).members).toEqual(["U1", "U2", "U3"]);
    expect(await failureOf(channel(true))).toMatchObject({ code: "refused" });
  });

  it("one that cannot be read is an error and not an empty answer", async () => {
    const { surface } = answering(() => ({ ok: true, channel: { is_private: true }, members: "none" }));
    expect(await failureOf(surface.getChannel("C1"))).toMatchObject({ code: "refused" });
  });

  it("a wrong clock is noticed from Slack's own Date header", async () => {
    const skewed = await startHttpSlack({ skew: 120 });
    try {
      expect(skewed.lines.filter((line) => /1(19|20|21) s ahead/.test(line.message))).toHaveLength(1);
    } finally {
      await skewed.close();
    }
  });

  it("a call that failed is not made again by itself: a post would stand there twice", async () => {
    let calls = 0;
    const { surface } = answering((method) => {
      if (method === "conversations.info") calls += 1;
      throw new TypeError("the connection was cut");
    });
    expect(await failureOf(surface.getChannel("C1"))).toEqual({ code: "unreachable" });
    expect(calls).toBe(1);
  });

  it("no line of the log shows the token", async () => {
    const { surface, lines } = answering(() => ({ ok: false, error: "invalid_auth" }));
    await failureOf(surface.getMember("U1"));
    expect(JSON.stringify(lines)).not.toContain("xoxb-secret");
  });

  it("a token that Slack refuses is a fault at start, and a Slack that is away is not", async () => {
    const start = (fetch: typeof globalThis.fetch) =>
      slackSurface({
        botToken: new Secret("x"),
        mode: { kind: "http", signingSecret: new Secret("s") },
        log: keepingLog().log,
        now: () => new Date(),
        fetch,
      }).start(async () => {});
    const refused = start(async () => Response.json({ ok: false, error: "invalid_auth" }));
    expect(await failureOf(refused)).toEqual({ code: "refused", reason: "invalid_auth" });
    await start(async () => Promise.reject(new TypeError("fetch failed")));
  });
});
