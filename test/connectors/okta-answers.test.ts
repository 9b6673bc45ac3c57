import { afterEach, describe, expect, it } from "vitest";
import type { Person } from "../../connectors/connector.ts";
import { SystemError } from "../../connectors/connector.ts";
import { okta } from "../../connectors/okta/index.ts";
import { ALICE, DOMAIN, LOGIN, type OktaBench, SEED, TOKEN } from "./okta-bench.ts";
import { accountOf, arrayOf, call, failureOf, open, stopAll } from "./okta-calls.ts";

afterEach(stopAll);

describe("okta's answers", () => {
  /** The system on a fetch that changes answers on their way. */
  function through(bench: OktaBench, change: (response: Response, url: URL) => Response | Promise<Response>) {
    const asked: string[] = [];
    const changed: typeof fetch = async (input, init) => {
      const url = new URL(String(input));
      asked.push(url.origin);
      return change(await fetch(input, init), url);
    };
    return {
      asked,
      system: okta({ domain: DOMAIN, token: TOKEN, apiUrl: bench.peer.url }).connect({ fetch: changed }),
    };
  }

  it("never lead the token to another host", async () => {
    const bench = await open();
    const elsewhere = through(bench, (response, url) => {
      const headers = new Headers(response.headers);
      if (url.pathname.endsWith("/groups") && !url.search) {
        headers.set("link", '<https://evil.example/api/v1/users/x/factors>; rel="next"');
      }
      return new Response(response.body, { status: response.status, headers });
    });
    await failureOf(arrayOf(elsewhere.system.listGrants(await accountOf(bench), call)));
    expect(new Set(elsewhere.asked)).toEqual(new Set([bench.peer.url]));
  });

  it("do not turn it in circles", async () => {
    const bench = await open();
    const circling = through(bench, (response, url) => {
      const headers = new Headers(response.headers);
      if (url.pathname.endsWith("/roles")) headers.set("link", `<${url.href}>; rel="next"`);
      return new Response(response.body, { status: response.status, headers });
    });
    const account = await accountOf(bench);
    expect((await failureOf(arrayOf(circling.system.listGrants(account, call)))).code).toBe("unreachable");
  });

  it("say until when a limit lasts, and nothing more is asked", async () => {
    const bench = await open();
    const account = await accountOf(bench);
    bench.peer.behave({ when: () => true, then: "too-many" });
    const failure = await failureOf(arrayOf(bench.system.listGrants(account, call)));
    expect(failure.code).toBe("rate-limited");
    if (failure.code === "rate-limited") {
      expect(failure.retryAt.getTime()).toBeGreaterThan(Date.now() + 240_000);
      expect(failure.retryAt.getTime()).toBeLessThan(Date.now() + 360_000);
    }
    expect(bench.peer.requests).toHaveLength(1);
  });

  it("are kept without the token, even where they repeat it", async () => {
    const bench = await open();
    const echoing = through(bench, () =>
      Response.json({ errorCode: "E0000001", errorSummary: `SSWS ${TOKEN} may not` }, { status: 400 }),
    );
    const error: unknown = await echoing.system.findAccounts(ALICE, call).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SystemError);
    expect(JSON.stringify([error, String(error), String((error as Error).cause)])).not.toContain(TOKEN);
    expect(String(error)).toContain("[secret]");
  });

  it("are an error when they are no JSON, or something else", async () => {
    const bench = await open();
    for (const body of ["<html>", '{"id":5}', ""]) {
      const odd = through(bench, () => new Response(body, { status: 200 }));
      expect((await failureOf(odd.system.findAccounts(ALICE, call))).code).toBe("unreachable");
    }
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
    const work = bench.system.findAccounts(ALICE, { ...call, signal: stop.signal });
    await expect(work).rejects.toThrow("the job was stopped");
  });
});

describe("okta as a directory", () => {
  const people = (bench: OktaBench): Promise<Person[]> => arrayOf(bench.system.directory?.listPeople(call) ?? []);

  it("lists everybody, deactivated people too, with an address only where it is theirs alone", async () => {
    const bench = await open({
      users: [
        ...SEED.users,
        { login: "gone@acme.example", status: "DEPROVISIONED" },
        { login: "adm-bob@acme.example", email: "bob@acme.example" },
      ],
    });
    const listed = new Map((await people(bench)).map((person) => [person.logins["okta:acme.okta.com"]?.[1], person]));
    expect(listed.get("gone@acme.example")?.active).toBe(false);
    expect(listed.get(LOGIN)).toEqual({
      id: `okta:acme.okta.com/${(await accountOf(bench)).id}`,
      name: "Alice Example",
      emails: [LOGIN],
      logins: { "okta:acme.okta.com": [`id:${(await accountOf(bench)).id}`, LOGIN] },
      active: true,
    });
    expect(listed.get("bob@acme.example")?.emails).toEqual(["bob@acme.example"]);
    expect(listed.get("adm-bob@acme.example")?.emails).toEqual([]);
  });

  it("lists 201 people, or fails", async () => {
    const crowd = Array.from({ length: 201 }, (_, index) => ({ login: `user-${index}@acme.example` }));
    const bench = await open({ users: [...SEED.users, ...crowd] });
    const listed = await people(bench);
    expect(new Set(listed.map((person) => person.id)).size).toBe(listed.length);
    expect(listed.length).toBeGreaterThan(204);
    bench.peer.behave({ when: ({ query }) => query.has("after"), then: "bad-gateway" });
    expect((await failureOf(people(bench))).code).toBe("unreachable");
  });

  it("lists the members of a group by its id who can sign in, all of them, and fails for a group that is not there", async () => {
    const crowd = Array.from({ length: 201 }, (_, index) => ({ login: `user-${index}@acme.example` }));
    const gone = { login: "gone@acme.example", status: "DEPROVISIONED" };
    const bench = await open({ users: [...SEED.users, gone, ...crowd] });
    const members = [LOGIN, ...crowd.map(({ login }) => login)];
    const id = await bench.peer.org.addGroup({ name: "Approvers", members });
    const list = (group: string) => bench.system.directory?.listMembers?.(group, call) ?? Promise.reject(new Error());
    const listed = await list(id);
    expect(listed.map(({ login }) => login).toSorted()).toEqual(members.toSorted());
    expect(listed.find(({ login }) => login === LOGIN)?.id).toBe((await accountOf(bench)).id);
    expect((await failureOf(list("00gnone"))).code).toBe("refused");
    await bench.peer.org.setStatus((await accountOf(bench)).id, "SUSPENDED");
    expect((await list(id)).map(({ login }) => login)).not.toContain(LOGIN);
    bench.peer.behave({ when: ({ query }) => query.has("after"), then: "bad-gateway" });
    expect((await failureOf(list(id))).code).toBe("unreachable");
  });
});
