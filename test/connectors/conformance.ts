import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import type { Account, Call, Person, Reading, Revoked, System } from "../../connectors/connector.ts";
import { SystemError } from "../../connectors/connector.ts";
import { Account as AccountSchema, Grant } from "../../src/core/access.ts";
import { safeJson } from "../../src/core/text.ts";

// The suite that every connector passes. A connector's own test says how its peer is started and made to misbehave
// (`Fit`), and what does not apply to it, each with its reason.

/** How the peer misbehaves from now on, for every request that it concerns; `well` ends it. */
export type Misbehaviour =
  | "well"
  /** A page after the first of a long list fails; whoever stops there has half a list. */
  | "page-fails"
  /** Changes are answered with success and not made. */
  | "does-nothing"
  /** Changes are made, and the connection is cut before the answer. */
  | "answer-lost"
  /** Everything is answered with a rate limit that ends in more than a minute. */
  | "rate-limited"
  /** The credential has lost its rights; the vendor may say so as "forbidden" or as "not found". */
  | "forbidden"
  | "unreachable";

/** Someone else, who took over the leaver's login. */
export interface Stranger {
  /** What the stranger holds, seen behind the connector's back. */
  holds(): Promise<readonly string[]>;
}

/** A fresh peer with one leaver, and the system that is connected to it. */
export interface Bench {
  readonly system: System;
  /** Everything that may never be thrown or logged: tokens, passwords. */
  readonly secrets: readonly string[];
  /** The leaver as a directory vouches for them: found by exact identifiers. */
  readonly person: Person;
  /** The same names, and nothing by which an account may be found. */
  readonly namesake: Person;
  /** Gives the leaver exactly so many grants in all. Called once, before anything else. */
  grant(count: number): Promise<void>;
  /** Gives the leaver at least one grant of this kind, perhaps with others that it needs. Called instead of `grant`. */
  grantOf(kind: string): Promise<void>;
  behave(how: Misbehaviour): Promise<void> | void;
  /** Renames the leaver's account and gives its old login to a stranger who holds the same. */
  replaceLogin?(): Promise<Stranger>;
  /** Puts NUL, lone surrogates, bidi overrides into every name that the system lets people choose. */
  nameBadly?(): Promise<void>;
  stop(): Promise<void>;
}

/** What can be left out of the suite for one connector. */
export type Topic = "long-list" | "stranger" | "bad-names" | "restore" | "answer-lost" | "rate-limit" | "forbidden";

/** How one connector's peer fits the suite. */
export interface Fit {
  start(): Promise<Bench>;
  /** Kinds of grants to revoke and read back, one after the other. */
  readonly kinds: readonly string[];
  /** How many grants to list; 0, 1, 100 and 101 where nothing speaks against it. */
  readonly counts?: readonly number[];
  /** Topics that do not apply, each with the reason in a sentence. */
  readonly leftOut?: Partial<Record<Topic, string>>;
  /** Milliseconds for one test; peers may be slow to set up. */
  readonly timeout?: number;
}

/** What the calls of one test threw and logged: it is searched for secrets at the end. */
interface Heard {
  readonly things: unknown[];
}

/** Runs the whole suite for one connector. */
export function conformance(name: string, fit: Fit): void {
  describe(`${name} keeps the contract of connectors`, { timeout: fit.timeout ?? 60_000 }, () => {
    const opened: Bench[] = [];
    const heard: Heard = { things: [] };
    const start = async () => {
      const bench = await fit.start();
      opened.push(bench);
      return bench;
    };
    afterEach(async () => {
      const secrets = opened.flatMap((bench) => bench.secrets);
      await Promise.all(opened.splice(0).map((bench) => bench.stop()));
      const said = heard.things.splice(0).map(shownWhole).join("\n");
      for (const secret of secrets) expect(said.includes(secret), "a secret was thrown or logged").toBe(false);
    });
    const ready = { fit, start, heard };
    listing(ready);
    finding(ready);
    for (const kind of fit.kinds) describe(`a grant of kind ${kind}`, () => revoking(ready, kind));
    failing(ready);
  });
}

interface Ready {
  readonly fit: Fit;
  readonly start: () => Promise<Bench>;
  readonly heard: Heard;
}

function listing({ fit, start, heard }: Ready): void {
  it.each(fit.counts ?? [0, 1, 100, 101])(
    "lists exactly %i grants, each whole and with an id of its own",
    async (count) => {
      const bench = await start();
      await bench.grant(count);
      const grants = await listAll(bench, heard);
      expect(grants).toHaveLength(count);
      expect(new Set(grants.map((grant) => grant.id)).size).toBe(count);
      const account = await getAccount(bench, heard);
      for (const grant of grants) {
        expect(Grant.parse(grant)).toEqual(grant);
        expect({ system: grant.system, account: grant.account }).toEqual({
          system: bench.system.id,
          account: account.id,
        });
      }
      const ids = new Set(grants.map((grant) => grant.id));
      for (const grant of grants) {
        expect(grant.via === undefined || ids.has(grant.via), `${grant.id} ends with a grant that is listed`).toBe(
          true,
        );
        for (const id of grant.after) expect(ids.has(id), `${grant.id} waits for a grant that is listed`).toBe(true);
      }
    },
  );

  applies(fit, "long-list", "throws rather than give half a list when a later page fails", async () => {
    const bench = await start();
    await bench.grant(101);
    await getAccount(bench, heard);
    await bench.behave("page-fails");
    await expectFailure(heard, listAll(bench, heard));
  });
}

function finding({ fit, start, heard }: Ready): void {
  it("finds the account by vouched-for identifiers, says why, and nobody by name", async () => {
    const bench = await start();
    await bench.grant(1);
    const matches = await bench.system.findAccounts(bench.person, callFor(heard));
    expect(matches.length).toBeGreaterThan(0);
    for (const match of matches) {
      expect(AccountSchema.parse(match.account)).toEqual(match.account);
      expect(match.account.system).toBe(bench.system.id);
      expect(match.why).not.toBe("");
    }
    expect(await bench.system.findAccounts(bench.namesake, callFor(heard))).toEqual([]);
  });

  it("finds nobody, and does not fail, by identifiers that cannot exist", async () => {
    const bench = await start();
    await bench.grant(0);
    const odd = ["a\0b", "\ud800", "\u202Ealice", "../../user", "a b", "", "%00", "x".repeat(5000)];
    const logins = { [bench.system.id]: odd };
    expect(await bench.system.findAccounts({ ...bench.namesake, logins }, callFor(heard))).toEqual([]);
  });

  applies(
    fit,
    "bad-names",
    "lists grants and work whose names hold NUL, lone surrogates and bidi controls",
    async () => {
      const bench = await start();
      await bench.grant(1);
      await bench.nameBadly?.();
      const grants = await listAll(bench, heard);
      expect(grants).not.toHaveLength(0);
      const account = await getAccount(bench, heard);
      const work = await arrayOf(bench.system.work?.list(account, callFor(heard)) ?? []);
      expect(JSON.stringify(safeJson({ grants, work, account }))).not.toContain("\0");
      expect(isDone(await bench.system.revoke(only(grants), callFor(heard)))).toBe(true);
      expect(stateOf(await bench.system.readBack(only(grants), callFor(heard)))).toBe("absent");
    },
  );
}

function revoking({ fit, start, heard }: Ready, kind: string): void {
  const prepared = async () => {
    const bench = await start();
    await bench.grantOf(kind);
    const grant = (await listAll(bench, heard)).find((one) => one.kind === kind);
    if (!grant) throw new Error(`the peer has no grant of kind ${kind}`);
    return { bench, grant, call: callFor(heard) };
  };

  it("is present before, gone after, and gone already when revoked twice", async () => {
    const { bench, grant, call } = await prepared();
    expect(stateOf(await bench.system.readBack(grant, call))).toBe("present");
    expect(isDone(await bench.system.revoke(grant, call))).toBe(true);
    const reading = await bench.system.readBack(grant, call);
    expect(stateOf(reading)).toBe("absent");
    if (reading.state === "absent") {
      expect(reading.evidence.request).not.toBe("");
      expect(() => JSON.stringify(safeJson(reading.evidence))).not.toThrow();
    }
    expect(isDone(await bench.system.revoke(grant, call)), "a second revoke is a success").toBe(true);
    // What stood for an invitation is no account any more once that is cancelled.
    const left = await bench.system.findAccounts(bench.person, call);
    if (left.length > 0) expect((await listAll(bench, heard)).map((one) => one.id)).not.toContain(grant.id);
  });

  it("reads as present when the system said yes and did nothing", async () => {
    const { bench, grant, call } = await prepared();
    await bench.behave("does-nothing");
    await bench.system.revoke(grant, call).catch((error: unknown) => heard.things.push(error));
    expect(stateOf(await bench.system.readBack(grant, call))).toBe("present");
    await bench.behave("well");
    expect(stateOf(await bench.system.readBack(grant, call))).toBe("present");
  });

  applies(fit, "answer-lost", "survives an effect whose answer was lost: tried again, it is gone", async () => {
    const { bench, grant, call } = await prepared();
    await bench.behave("answer-lost");
    await bench.system.revoke(grant, call).catch((error: unknown) => {
      heard.things.push(error);
      expect(error).toBeInstanceOf(SystemError);
    });
    await bench.behave("well");
    expect(isDone(await bench.system.revoke(grant, call))).toBe(true);
    expect(stateOf(await bench.system.readBack(grant, call))).toBe("absent");
  });

  applies(fit, "forbidden", "tells a missing right from a grant that is gone", async () => {
    const { bench, grant, call } = await prepared();
    await bench.behave("forbidden");
    expect((await expectFailure(heard, bench.system.revoke(grant, call))).failure.code).toBe("forbidden");
    expect((await expectFailure(heard, bench.system.readBack(grant, call))).failure.code).toBe("forbidden");
    expect((await expectFailure(heard, listAll(bench, heard, grant.account))).failure.code).toBe("forbidden");
    await bench.behave("well");
    expect(stateOf(await bench.system.readBack(grant, call))).toBe("present");
  });

  applies(
    fit,
    "stranger",
    "never touches a stranger who took over the login, and reads the leaver's own grant",
    async () => {
      const { bench, grant, call } = await prepared();
      const stranger = await bench.replaceLogin?.();
      const held = await stranger?.holds();
      expect(held?.length, "the stranger holds something that could be lost").toBeGreaterThan(0);
      expect(stateOf(await bench.system.readBack(grant, call))).toBe("present");
      const revoked = await bench.system.revoke(grant, call).catch((error: unknown) => {
        heard.things.push(error);
        return undefined;
      });
      expect(await stranger?.holds()).toEqual(held);
      const left = stateOf(await bench.system.readBack(grant, call));
      expect(left, "revoked means that the leaver's grant is gone").toBe(
        revoked && isDone(revoked) ? "absent" : "present",
      );
    },
  );

  applies(fit, "restore", "can be given back", async () => {
    const { bench, grant, call } = await prepared();
    await bench.system.revoke(grant, call);
    expect(stateOf(await bench.system.readBack(grant, call))).toBe("absent");
    await bench.system.restore?.(grant, call);
    expect(stateOf(await bench.system.readBack(grant, call))).toBe("present");
  });
}

function failing({ fit, start, heard }: Ready): void {
  applies(fit, "rate-limit", "says until when a rate limit lasts, and does not sleep through it", async () => {
    const bench = await start();
    await bench.grant(1);
    const account = await getAccount(bench, heard);
    const grant = only(await listAll(bench, heard));
    await bench.behave("rate-limited");
    const call = callFor(heard);
    const tries: (() => Promise<unknown>)[] = [
      () => listAll(bench, heard, account.id),
      () => bench.system.findAccounts(bench.person, call),
      () => bench.system.revoke(grant, call),
      () => bench.system.readBack(grant, call),
    ];
    for (const attempt of tries) {
      const { failure } = await expectFailure(heard, attempt());
      expect(failure.code).toBe("rate-limited");
      if (failure.code === "rate-limited") expect(failure.retryAt.getTime()).toBeGreaterThan(call.now().getTime());
    }
  });

  it("is unreachable, and neither empty nor absent, when nothing answers", async () => {
    const bench = await start();
    await bench.grant(1);
    const account = await getAccount(bench, heard);
    const grant = only(await listAll(bench, heard));
    await bench.behave("unreachable");
    const call = callFor(heard);
    expect((await expectFailure(heard, listAll(bench, heard, account.id))).failure.code).toBe("unreachable");
    expect((await expectFailure(heard, bench.system.readBack(grant, call))).failure.code).toBe("unreachable");
    expect((await expectFailure(heard, bench.system.revoke(grant, call))).failure.code).toBe("unreachable");
  });

  it("checks its credential: all well, and a fault with what to do about it, without throwing", async () => {
    const bench = await start();
    await bench.grant(0);
    const well = await bench.system.check(callFor(heard));
    heard.things.push(well);
    expect(well.filter((check) => !check.ok)).toEqual([]);
    expect(well).not.toHaveLength(0);
    await bench.behave("unreachable");
    const ill = await bench.system.check(callFor(heard));
    heard.things.push(ill);
    expect(ill.some((check) => !check.ok && check.fix !== "")).toBe(true);
  });

  it("stops when its call is aborted", async () => {
    const bench = await start();
    await bench.grant(1);
    const account = await getAccount(bench, heard);
    const signal = AbortSignal.abort(new Error("the job was stopped"));
    const call = { ...callFor(heard), signal };
    await expect(arrayOf(bench.system.listGrants(account, call))).rejects.toThrow();
  });
}

/** A test of one topic, or a note why it does not apply. */
function applies(fit: Fit, topic: Topic, behaviour: string, test: () => Promise<void>): void {
  const reason = fit.leftOut?.[topic];
  if (reason === undefined) it(behaviour, test);
  else it(`leaves out: ${behaviour} (${reason})`, () => expect(reason.length).toBeGreaterThan(15));
}

/** A call as the workflow lends it; whatever is logged is searched for secrets. */
function callFor(heard: Heard): Call {
  const log = (fields: object, message: string) => {
    heard.things.push(fields, message);
  };
  return {
    signal: AbortSignal.timeout(120_000),
    now: () => new Date(),
    log: { debug: log, info: log, warn: log, error: log },
  };
}

async function getAccount(bench: Bench, heard: Heard): Promise<Account> {
  const [match] = await bench.system.findAccounts(bench.person, callFor(heard));
  if (!match) throw new Error("the peer's leaver was not found");
  return match.account;
}

async function listAll(bench: Bench, heard: Heard, id?: string): Promise<Grant[]> {
  const account: Account = id
    ? { system: bench.system.id, id, login: "", kind: "human" }
    : await getAccount(bench, heard);
  return arrayOf(bench.system.listGrants(account, callFor(heard)));
}

async function arrayOf<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function expectFailure(heard: Heard, work: Promise<unknown>): Promise<SystemError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  heard.things.push(error);
  if (!(error instanceof SystemError)) throw new Error(`a SystemError was to be thrown, not ${shownWhole(error)}`);
  return error;
}

function isDone(revoked: Revoked): boolean {
  return revoked.status === "revoked" || revoked.status === "already-gone" || revoked.status === "accepted";
}

function stateOf(reading: Reading): Reading["state"] {
  return reading.state;
}

function only(grants: readonly Grant[]): Grant {
  const [grant] = grants;
  if (!grant) throw new Error("the peer gave the leaver no grant");
  return grant;
}

/** Everything that any way of printing could show, causes and hidden fields among it. */
function shownWhole(thing: unknown): string {
  return inspect(thing, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null });
}
