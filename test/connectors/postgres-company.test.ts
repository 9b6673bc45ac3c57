import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Call, Grant } from "../../connectors/connector.ts";
import { postgres as connector } from "../../connectors/postgres/index.ts";
import { startTargetDatabase, type TargetDatabase } from "../sandbox/services/postgres.ts";
import { isMissing, LEAVER, SERVERS } from "./postgres-bench.ts";

const CALL: Call = {
  signal: new AbortController().signal,
  now: () => new Date(),
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

for (const { name, binaries } of SERVERS)
  describe.skipIf(isMissing(binaries))(`Acme's databases on ${name}`, () => {
    let target: TargetDatabase;
    beforeAll(async () => {
      target = await startTargetDatabase(binaries === undefined ? {} : { binaries });
    });
    afterAll(() => target?.stop());

    it("lets Alice go: open sessions end, no new login, no row is lost; undo gives all back until the password is removed", async () => {
      const system = connector({ name: "acme", url: target.adminUrl }).connect({ fetch });
      expect((await system.check(CALL)).filter((check) => !check.ok)).toEqual([]);
      const [match] = await system.findAccounts(LEAVER, CALL);
      const [heir] = await system.findAccounts({ ...LEAVER, logins: { postgres: ["bob"] } }, CALL);
      if (!match || !heir) throw new Error("not found");
      const open = [
        postgres(target.urlOf("alice"), { max: 1, onnotice: () => {} }),
        postgres(target.urlOf("alice", "analytics"), { max: 1, onnotice: () => {} }),
      ] as const;
      await open[0]`SELECT count(*) FROM payments`;
      await open[1]`SET ROLE developers`;
      const list = async () => {
        const grants: Grant[] = [];
        for await (const grant of system.listGrants(match.account, CALL)) grants.push(grant);
        return grants;
      };
      const before = await list();
      const lasting = before.filter((grant) => grant.kind !== "session" && grant.via === undefined);
      const reversible = lasting.filter((grant) => grant.reversible === "always");
      const [password, ...others] = before.filter((grant) => grant.stage === "final");
      if (!password) throw new Error("no password");
      expect(others).toEqual([]);
      expect(password).toMatchObject({ id: "password", reversible: "never" });
      expect(password.after).toEqual(before.filter((one) => one.stage === "sessions").map((one) => one.id));
      expect(JSON.stringify(before)).not.toContain(new URL(target.urlOf("alice")).password);
      expect(
        before.map((grant) =>
          `${grant.kind}: ${grant.resource}${grant.role ? ` (${grant.role})` : ""}`.replace(/\d{3,}/, "N"),
        ),
      ).toMatchInlineSnapshot(`
        [
          "login: role alice (LOGIN)",
          "session: client backend N in app from 127.0.0.1",
          "session: client backend N in analytics from 127.0.0.1",
          "membership: role developers (member)",
          "membership: role payments_admin (member)",
          "inherited-membership: role reporting through developers (member)",
          "privilege: default future tables of app_owner in public in app (SELECT)",
          "privilege: schema public in app (CREATE)",
          "privilege: sequence public.invoice_numbers in app (USAGE)",
          "privilege: table public.customers in app (SELECT, UPDATE)",
          "privilege: table public.daily_revenue in analytics (SELECT)",
          "password: password of role alice, if it has one",
        ]
      `);
      const items = [];
      for await (const item of system.work?.list(match.account, CALL) ?? []) items.push(item);
      expect(items.map((item) => ({ title: item.title, facts: item.facts }))).toMatchInlineSnapshot(`
        [
          {
            "facts": [
              "Owned: function public.note_payment(), function public.refund(integer), table public.payments.",
              "Function public.refund(integer) is SECURITY DEFINER: whoever may call it acts with the new owner's rights.",
              "Trigger note_payment on public.payments runs public.note_payment() whenever somebody changes the table.",
              "Functions that run with their owner's rights, and views, act with the new owner's rights from then on.",
            ],
            "title": "2 functions, 1 table in app",
          },
        ]
      `);

      const [item] = items;
      if (!item) throw new Error("no work");
      const suggested = (await system.work?.suggestOwners(item, CALL)) ?? [];
      expect(suggested.map(({ account, why }) => `${account.login} ${why}`)).toEqual([
        "bob is a member of developers, payments_admin as well",
        "carol is a member of developers as well",
        "hanako is a member of developers as well",
      ]);

      const cut = async () => {
        for (const grant of ordered(await list()).filter((one) => one.stage !== "final")) {
          const revoked = await system.revoke(grant, CALL);
          expect({ id: grant.id, ...revoked }).toMatchObject({ status: grant.via ? "elsewhere" : "revoked" });
          if (!grant.via) expect(await system.readBack(grant, CALL)).toMatchObject({ state: "absent" });
        }
        expect((await list()).map((grant) => grant.kind)).toEqual(["password"]);
      };
      const rows = () =>
        ask(target, "SELECT count(*)::text || ' ' || md5(string_agg(p::text, ';' ORDER BY id)) AS n FROM payments p");
      const rowsBefore = await rows();
      expect(rowsBefore).toMatch(/^240 /);
      expect(await system.revoke(password, CALL)).toMatchObject({ status: "blocked" });
      await cut();
      await expect(open[0]`SELECT 1`).rejects.toThrow();
      await expect(open[1]`SELECT 1`).rejects.toThrow();
      await expect(loginOf(target.urlOf("alice"))).rejects.toMatchObject({ code: "28000" });
      expect(await rows()).toBe(rowsBefore);

      // Until her objects are handed over the password stays, so that all can be given back.
      const early = await system.revoke(password, CALL);
      expect(early).toMatchObject({ status: "blocked" });
      expect(JSON.stringify(early)).toContain("3 in app");
      for (const grant of reversible) await system.restore?.(grant, CALL);
      expect((await list()).filter((grant) => grant.via === undefined)).toEqual(
        lasting.map((grant) => (grant === password ? { ...grant, after: ["login"] } : grant)),
      );
      expect(await loginOf(target.urlOf("alice"))).toBe("alice");
      expect(await rows()).toBe(rowsBefore);

      await cut();
      expect(await system.work?.reassign(item, heir.account, CALL)).toMatchObject({ state: "present" });
      expect(await rows()).toBe(rowsBefore);
      expect(await ask(target, "SELECT count(*)::int AS n FROM pg_tables WHERE tableowner = 'bob'")).toBe(1);
      expect(await system.revoke(password, CALL)).toEqual({ status: "revoked" });
      const reading = await system.readBack(password, CALL);
      expect(reading.state === "absent" && JSON.parse(reading.evidence.answer)).toMatchObject({
        login: false,
        kept: "not shown to us",
        validUntil: "-infinity",
      });
      expect(await ask(target, "SELECT rolpassword IS NULL AS n FROM pg_authid WHERE rolname = 'alice'")).toBe(true);
      expect(await list()).toEqual([]);
      for (const grant of [password, ...reversible.filter((one) => one.id === "login")])
        await expect(system.restore?.(grant, CALL)).rejects.toMatchObject({ failure: { code: "refused" } });
      expect(await list()).toEqual([]);
      for (const sql of open) await sql.end({ timeout: 0 });
    });
  });

/** Each grant after those that must go before it. */
function ordered(grants: readonly Grant[]): Grant[] {
  const done: Grant[] = [];
  const left = [...grants];
  while (left.length > 0) {
    const at = left.findIndex((grant) => grant.after.every((id) => done.some((one) => one.id === id)));
    done.push(...left.splice(Math.max(at, 0), 1));
  }
  return done;
}

/** As superuser, in the database `app`. */
async function ask(target: TargetDatabase, text: string): Promise<unknown> {
  const url = new URL(target.superUrl);
  url.pathname = "app";
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  try {
    return (await sql.unsafe(text))[0]?.["n"];
  } finally {
    await sql.end();
  }
}

/** Who a new connection is. */
async function loginOf(url: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return (await sql`SELECT session_user AS name`)[0]?.["name"];
  } finally {
    await sql.end({ timeout: 0 });
  }
}
