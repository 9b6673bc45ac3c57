import { afterEach, describe, expect, it } from "vitest";
import { SystemError } from "../../connectors/connector.ts";
import { jira } from "../../connectors/jira/index.ts";
import { ALICE, type JiraBench, ORG_KEY, PERSON, SEED, SITE, TOKEN } from "./jira-bench.ts";
import { accountOf, arrayOf, call, failureOf, grantsOf, open, stopAll } from "./jira-calls.ts";

afterEach(stopAll);

describe("jira's answers", () => {
  /** The system on a fetch that changes answers on their way. */
  function through(bench: JiraBench, change: (response: Response, url: URL) => Response) {
    const changed: typeof fetch = async (input, init) => change(await fetch(input, init), new URL(String(input)));
    const organization = { orgId: bench.peer.orgId, orgKey: ORG_KEY, orgApiUrl: bench.peer.orgUrl };
    const site = { site: SITE, email: SEED.email, token: TOKEN, apiUrl: bench.peer.url };
    return jira({ ...site, ...organization }).connect({ fetch: changed });
  }

  it("say until when a limit lasts, and nothing more is asked", async () => {
    const bench = await open();
    bench.peer.behave({ when: () => true, then: "too-many" });
    const failure = await failureOf(grantsOf(bench));
    expect(failure.code).toBe("rate-limited");
    if (failure.code === "rate-limited") {
      expect(failure.retryAt.getTime()).toBeGreaterThan(Date.now() + 60_000);
      expect(failure.retryAt.getTime()).toBeLessThan(Date.now() + 180_000);
    }
    expect(bench.peer.requests).toHaveLength(1);
  });

  it("of 503 are a limit where they name a time, and else nobody there", async () => {
    const bench = await open();
    const busy = through(bench, () => new Response("{}", { status: 503, headers: { "retry-after": "7" } }));
    expect((await failureOf(busy.findAccounts(PERSON, call))).code).toBe("rate-limited");
    const down = through(bench, () => new Response("{}", { status: 503 }));
    expect((await failureOf(down.findAccounts(PERSON, call))).code).toBe("unreachable");
  });

  it("are kept without the token and the key, even where they repeat them", async () => {
    const bench = await open();
    for (const secret of [TOKEN, ORG_KEY]) {
      const echoing = through(bench, (response, url) =>
        url.pathname.startsWith("/rest/") === (secret === TOKEN)
          ? Response.json({ errorMessages: [`${secret} may not`] }, { status: 403 })
          : response,
      );
      const error: unknown = await arrayOf(echoing.listGrants(accountOf(bench), call)).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(SystemError);
      expect(JSON.stringify([error, String(error), String((error as Error).cause)])).not.toContain(secret);
      expect(String(error)).toContain("[secret]");
    }
  });

  it("are an error when they are no JSON, or something else", async () => {
    const bench = await open();
    for (const body of ["<html>", '{"accountId":5}', ""]) {
      const odd = through(bench, () => new Response(body, { status: 200 }));
      expect((await failureOf(odd.findAccounts(PERSON, call))).code).toBe("unreachable");
    }
  });

  it("about another account than the one that was asked for stop everything", async () => {
    const bench = await open();
    const mixed = through(bench, (response, url) =>
      url.pathname.endsWith("/user") ? Response.json({ accountId: "712020:other" }) : response,
    );
    expect((await failureOf(mixed.findAccounts(PERSON, call))).code).toBe("conflict");
  });

  it("in shorter pages than were asked for are read to the end", async () => {
    const bench = await open();
    await bench.grant(31);
    const shorter: typeof fetch = (input, init) => {
      const url = new URL(String(input));
      if (url.searchParams.has("maxResults")) url.searchParams.set("maxResults", "7");
      return fetch(url, init);
    };
    const site = { site: SITE, email: SEED.email, token: TOKEN, apiUrl: bench.peer.url };
    const grants = await arrayOf(jira(site).connect({ fetch: shorter }).listGrants(accountOf(bench), call));
    expect(grants).toHaveLength(31);
  });

  it("about directories are read to their end, and are an error if they have none", async () => {
    const bench = await open();
    const page = (directoryId: string, next?: string) => Response.json({ data: [{ directoryId }], links: { next } });
    const two = (last?: string) =>
      through(bench, (response, url) => {
        if (url.pathname.endsWith("/directories")) {
          return url.searchParams.has("cursor") ? page("second", last) : page("first", "more");
        }
        if (!url.pathname.includes("/directories/")) return response;
        const membershipStatus = url.pathname.includes("/first/") ? "suspended" : "active";
        return Response.json({ data: [{ accountId: ALICE, accountStatus: "active", membershipStatus }] });
      });
    const grants = await arrayOf(two().listGrants(accountOf(bench), call));
    expect(grants.map(({ kind }) => kind)).toEqual(["account"]);
    expect((await failureOf(arrayOf(two("more").listGrants(accountOf(bench), call)))).code).toBe("unreachable");
  });

  it("that point elsewhere are not followed", async () => {
    const bench = await open();
    const asked: string[] = [];
    const redirecting: typeof fetch = async (input, init) => {
      asked.push(new URL(String(input)).origin);
      expect(init?.redirect).toBe("error");
      return fetch(input, init);
    };
    const site = { site: SITE, email: SEED.email, token: TOKEN, apiUrl: bench.peer.url };
    await arrayOf(jira(site).connect({ fetch: redirecting }).listGrants(accountOf(bench), call));
    expect(new Set(asked)).toEqual(new Set([bench.peer.url]));
  });

  it("need not come: an aborted call ends", async () => {
    const bench = await open();
    const stop = new AbortController();
    bench.peer.behave({
      when: () => {
        setImmediate(() => stop.abort(new Error("the job was stopped")));
        return true;
      },
      then: "hang",
    });
    const work = bench.system.findAccounts(PERSON, { ...call, signal: stop.signal });
    await expect(work).rejects.toThrow("the job was stopped");
  });

  it("may be slow", async () => {
    const bench = await open();
    bench.peer.behave({ when: ({ path }) => path.endsWith("/myself"), then: "slow" });
    expect((await grantsOf(bench)).map(({ account }) => account)).toEqual([ALICE]);
  });
});

describe("jira's options", () => {
  it("are refused with one half of the organization, or an address for a name", () => {
    const site = { site: SITE, email: SEED.email, token: TOKEN };
    expect(jira({ ...site, orgKey: ORG_KEY }).faults).toEqual([
      { variable: "JIRA_ORG_ID", problem: "goes together with JIRA_ORG_KEY: set both or neither" },
    ]);
    expect(jira({ ...site, site: "https://acme.atlassian.net/" }).faults.map(({ variable }) => variable)).toEqual([
      "JIRA_SITE",
    ]);
    expect(jira(site).faults).toEqual([]);
  });
});
