import { afterEach, describe, expect, it } from "vitest";
import type { Account, Events, ObservedEvent } from "../../connectors/connector.ts";
import { okta } from "../../connectors/okta/index.ts";
import { DOMAIN, LOGIN, type OktaBench, TOKEN } from "./okta-bench.ts";
import { accountOf, arrayOf, call, failureOf, open, stopAll } from "./okta-calls.ts";

afterEach(stopAll);

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ago = (ms: number) => new Date(Date.now() - ms);
const published = (ms: number) => ({ published: ago(ms).toISOString() });

/** Asks the bench, or the given system, for Alice's events of the last hour. */
async function read(
  bench: OktaBench,
  which: keyof Events,
  { since = ago(60 * MINUTE), account, system = bench.system }: Partial<Asked> = {},
): Promise<ObservedEvent[]> {
  const { events } = system;
  if (!events) throw new Error("Okta has no events");
  return arrayOf(events[which](account ?? (await accountOf(bench)), since, call));
}

interface Asked {
  readonly since: Date;
  readonly account: Account;
  readonly system: OktaBench["system"];
}

/** The same Okta behind a fetch of one's own. */
function through(bench: OktaBench, fetchIt: typeof fetch): OktaBench["system"] {
  return okta({ domain: DOMAIN, token: TOKEN, apiUrl: bench.peer.url }).connect({ fetch: fetchIt });
}

describe("okta's events", () => {
  it("are none where the log has none of the account", async () => {
    const bench = await open();
    bench.peer.org.log.write("user.session.start", await bench.peer.org.idOf("bob@acme.example"), []);
    expect(await read(bench, "by")).toEqual([]);
    expect(await read(bench, "about")).toEqual([]);
    const asked = bench.peer.requests.filter((request) => request.path === "/api/v1/logs");
    const { id } = await accountOf(bench);
    expect(asked.map(({ query }) => query.get("filter"))).toEqual([`actor.id eq "${id}"`, `target.id eq "${id}"`]);
  });

  it("tell what was done by the account apart from what was done to it", async () => {
    const bench = await open();
    const { org } = bench.peer;
    const { id } = await accountOf(bench);
    const client = { ipAddress: "203.0.113.9", userAgent: { rawUserAgent: "curl" } };
    const start = org.log.write("user.session.start", id, [], "FAILURE", { ...published(2 * MINUTE), client });
    const clear = org.log.write("user.session.clear", org.own, [id, "00gGroup"], "SUCCESS", published(MINUTE));
    const [by, ...more] = await read(bench, "by");
    expect(more).toEqual([]);
    expect(by).toMatchObject({
      id: start.uuid,
      at: new Date(start.published),
      kind: "user.session.start",
      actor: id,
      targets: [],
      outcome: "FAILURE",
      ip: "203.0.113.9",
    });
    const [about, ...others] = await read(bench, "about");
    expect(others).toEqual([]);
    expect(about).toMatchObject({ id: clear.uuid, actor: org.own, targets: [id, "00gGroup"], outcome: "SUCCESS" });
    expect(about).not.toHaveProperty("ip");
    expect(about?.evidence.request).toContain(id);
    expect(about?.evidence.requestId).toMatch(/./);
    expect(JSON.parse(about?.evidence.answer ?? "")).toMatchObject({ uuid: clear.uuid, published: clear.published });
  });

  it("are 1,001 over two pages, each once and oldest first", async () => {
    const bench = await open();
    const { id } = await accountOf(bench);
    const written = Array.from({ length: 1001 }, (_, index) =>
      bench.peer.org.log.write("app.access", id, [], "SUCCESS", published(50 * MINUTE - index * 1000)),
    );
    expect((await read(bench, "by")).map((event) => event.id)).toEqual(written.map((event) => event.uuid));
    expect(bench.peer.requests.filter((request) => request.path === "/api/v1/logs")).toHaveLength(2);
  });

  it("are an error when a page in the middle fails, and when a limit is reached", async () => {
    const bench = await open();
    const { id } = await accountOf(bench);
    for (let index = 0; index < 2500; index += 1) {
      bench.peer.org.log.write("app.access", id, [], "SUCCESS", published(50 * MINUTE - index * 1000));
    }
    let pages = 1;
    const later = ({ query }: { readonly query: URLSearchParams }) => query.has("after");
    bench.peer.behave({ when: later, then: "bad-gateway" });
    expect((await failureOf(read(bench, "by"))).code).toBe("unreachable");
    const third: typeof later = (request) => {
      if (later(request)) pages += 1;
      return pages === 3;
    };
    bench.peer.behave({ when: third, then: "too-many" });
    expect((await failureOf(read(bench, "by"))).code).toBe("rate-limited");
    expect(pages).toBe(3);
    bench.peer.behave();
    expect(await read(bench, "by")).toHaveLength(2500);
  });

  it("are an error where one has no time or no id", async () => {
    const bench = await open();
    const { id } = await accountOf(bench);
    for (const odd of [{ published: "yesterday" }, { uuid: "" }, { actor: 5 }]) {
      const event = { uuid: "event", ...published(MINUTE), eventType: "app.access", actor: { id }, ...odd };
      const system = through(bench, async (input, init) => {
        const logs = new URL(String(input)).pathname === "/api/v1/logs";
        return logs ? Response.json([event]) : fetch(input, init);
      });
      expect((await failureOf(read(bench, "by", { system }))).code).toBe("unreachable");
    }
  });

  it("are of the immutable id only: a stranger with the login is left alone", async () => {
    const bench = await open();
    const { org } = bench.peer;
    const account = await accountOf(bench);
    const stranger = await org.idOf("mallory@acme.example");
    await bench.replaceLogin?.();
    const names = { alternateId: LOGIN, displayName: "Alice Example" };
    const actor = { id: stranger, type: "User", ...names };
    org.log.write("user.session.start", stranger, [], "SUCCESS", { ...published(MINUTE), actor });
    org.log.write("user.session.clear", org.own, [], "SUCCESS", { ...published(MINUTE), target: [actor] });
    const own = org.log.write("user.session.start", account.id, [], "SUCCESS", published(MINUTE));
    expect((await read(bench, "by", { account })).map((event) => event.id)).toEqual([own.uuid]);
    expect(await read(bench, "about", { account })).toEqual([]);
  });

  it("are checked by themselves, whatever the filter let through", async () => {
    const bench = await open();
    const { log } = bench.peer.org;
    const { id } = await accountOf(bench);
    log.write("user.session.start", id.toUpperCase(), [], "SUCCESS", published(MINUTE));
    log.write("user.session.start", id, [], "SUCCESS", published(90 * MINUTE));
    const own = log.write("user.session.start", id, [], "SUCCESS", published(MINUTE));
    const system = through(bench, async (input, init) => {
      const url = new URL(String(input));
      for (const name of ["filter", "since"]) url.searchParams.delete(name);
      const response = await fetch(url, init);
      if (url.pathname !== "/api/v1/logs") return response;
      const shown = (await response.json()) as unknown[];
      return Response.json([...shown, ...shown]);
    });
    expect((await read(bench, "by", { system })).map((event) => event.id)).toEqual([own.uuid]);
  });

  it("begin with since, which is included", async () => {
    const bench = await open();
    const { log } = bench.peer.org;
    const { id } = await accountOf(bench);
    log.write("user.session.start", id, [], "SUCCESS", published(20 * MINUTE));
    const last = log.write("user.session.start", id, [], "SUCCESS", published(10 * MINUTE));
    const since = new Date(last.published);
    expect((await read(bench, "by", { since })).map((event) => event.id)).toEqual([last.uuid]);
    expect(await read(bench, "by", { since: new Date(since.getTime() + 1) })).toEqual([]);
    expect(await read(bench, "by", { since: ago(-MINUTE) })).toEqual([]);
  });

  it("do not go back further than the log", async () => {
    const bench = await open();
    expect((await failureOf(read(bench, "by", { since: ago(91 * DAY) }))).code).toBe("refused");
    expect(await read(bench, "by", { since: ago(89 * DAY) })).toEqual([]);
  });

  it("that show late come with the next reading", async () => {
    const bench = await open();
    const { log } = bench.peer.org;
    const { id } = await accountOf(bench);
    log.write("user.session.start", id, [], "SUCCESS", published(MINUTE));
    log.shownUntil = ago(2 * MINUTE).getTime();
    expect(await read(bench, "by")).toEqual([]);
    log.shownUntil = Number.POSITIVE_INFINITY;
    expect(await read(bench, "by")).toHaveLength(1);
  });

  it("are refused to less than a super administrator, and for an id that is none", async () => {
    const bench = await open({
      users: [{ login: "signoff@acme.example", roles: ["READ_ONLY_ADMIN"] }, { login: LOGIN }],
    });
    expect((await failureOf(read(bench, "by"))).code).toBe("forbidden");
    const whole = await open();
    const account = { ...(await accountOf(whole)), id: 'x" or actor.id pr or actor.id eq "x' };
    expect((await failureOf(read(whole, "by", { account }))).code).toBe("refused");
    expect(whole.peer.requests).toEqual([]);
  });

  it("hold no secrets, names or messages", async () => {
    const bench = await open();
    const { id } = await accountOf(bench);
    const secret = "hunter2-SECRET";
    bench.peer.org.log.write("user.account.update_profile", id, [], "SUCCESS", {
      ...published(MINUTE),
      displayMessage: secret,
      actor: { id, type: "User", alternateId: secret, displayName: secret, detailEntry: { secret } },
      target: [{ id, type: "User", displayName: secret, changeDetails: { from: { secret }, to: { secret } } }],
      outcome: { result: "SUCCESS", reason: secret },
      client: { ipAddress: secret, userAgent: { rawUserAgent: secret } },
      authenticationContext: { externalSessionId: secret },
      debugContext: { debugData: { requestUri: `/oauth2/v1/token?token=${secret}` } },
    });
    const told = JSON.stringify([await read(bench, "by"), await read(bench, "about")]);
    expect(told).toContain("user.account.update_profile");
    expect(told).not.toContain(secret);
    expect(told).not.toContain(TOKEN);
  });

  it("keep odd text as it came, and their evidence is well-formed", async () => {
    const bench = await open();
    const { id } = await accountOf(bench);
    const odd = '\u202Eevil\0\ud800"name';
    bench.peer.org.log.write(odd, id, [odd], "SUCCESS", published(MINUTE));
    const [event] = await read(bench, "by");
    expect(event).toMatchObject({ kind: odd, targets: [odd] });
    expect(event?.evidence.answer.isWellFormed()).toBe(true);
    expect(event?.evidence.answer).not.toContain("\0");
    expect(JSON.parse(event?.evidence.answer ?? "")).toMatchObject({ eventType: odd, targets: [odd] });
  });
});
