import type postgresJs from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Account, Grant, System, WorkItem } from "../../connectors/connector.ts";
import { postgres as connector } from "../../connectors/postgres/index.ts";
import {
  accountOf,
  asAdmin,
  CALL,
  grantsOf,
  isMissing,
  LEAVER,
  makeRole,
  SERVERS,
  startTarget,
  type Target,
} from "./postgres-bench.ts";

for (const { name, binaries } of SERVERS)
  describe.skipIf(isMissing(binaries))(`guards on ${name}`, () => {
    let target: Target;
    let system: System;
    let least: System;
    beforeAll(async () => {
      target = await startTarget(binaries);
      system = target.system("postgres");
      least = target.system("signoff_admin");
    });
    afterEach(() => target.clean());
    afterAll(() => target?.stop());

    const leaver = async (options = "LOGIN") => {
      await makeRole(target, "alice", options);
      return accountOf(system, "alice");
    };
    const grantOf = async (account: Account, kind: string, from = system) => {
      const grant = (await grantsOf(from, account)).find((one) => one.kind === kind);
      if (!grant) throw new Error(`no ${kind}`);
      return grant;
    };
    const workOf = async (account: Account, from = system) => {
      const items: WorkItem[] = [];
      for await (const item of from.work?.list(account, CALL) ?? []) items.push(item);
      return items;
    };

    it("ends an open session, also after SET ROLE and SET SESSION AUTHORIZATION, and lets no new one in", async () => {
      await makeRole(target, "team");
      const alice = await leaver("LOGIN SUPERUSER");
      await target.run("GRANT team TO alice");
      const sessions: postgresJs.Sql[] = [];
      for (const text of ["SELECT 1", "SET ROLE team", "SET SESSION AUTHORIZATION team"]) {
        const sql = await target.login("alice");
        await sql.unsafe(text);
        sessions.push(sql);
      }
      const grants = await grantsOf(system, alice);
      const open = grants.filter((grant) => grant.kind === "session");
      expect(open).toHaveLength(3);
      expect(open.every((grant) => grant.after.includes("login") && grant.stage === "sessions")).toBe(true);
      const login = grants.find((grant) => grant.kind === "login") as Grant;
      expect(await system.revoke(login, CALL)).toEqual({ status: "revoked" });
      const reading = await system.readBack(login, CALL);
      expect(reading.state === "absent" && JSON.parse(reading.evidence.answer)).toMatchObject({
        login: false,
        sessions: 3,
      });
      for (const grant of open) expect(await system.revoke(grant, CALL)).toEqual({ status: "revoked" });
      for (const grant of open) expect(await system.readBack(grant, CALL)).toMatchObject({ state: "absent" });
      // The driver connects again, and is refused.
      for (const sql of sessions) await expect(sql`SELECT 1`).rejects.toThrow();
      await expect((await target.login("alice"))`SELECT 1`).rejects.toMatchObject({ code: "28000" });
      expect((await grantsOf(system, alice)).filter((grant) => grant.kind === "session")).toEqual([]);
    });

    it("ends no session of somebody else who got the same process id", async () => {
      const alice = await leaver();
      await makeRole(target, "bob", "LOGIN");
      await (await target.login("alice"))`SELECT 1`;
      const bobs = await target.login("bob");
      await bobs`SELECT 1`;
      const theirs = await grantOf(await accountOf(system, "bob"), "session");
      const forged = { ...(await grantOf(alice, "session")), id: theirs.id };
      expect(await system.revoke(forged, CALL)).toEqual({ status: "already-gone" });
      expect(await bobs`SELECT 1 AS one`).toEqual([{ one: 1 }]);
      expect(await system.readBack(theirs, CALL)).toMatchObject({ state: "present" });
    });

    it("still ends the sessions of a role that was dropped", async () => {
      const alice = await leaver();
      await (await target.login("alice"))`SELECT 1`;
      await target.run("DROP ROLE alice");
      const [session, ...more] = await grantsOf(system, alice);
      expect(more).toEqual([]);
      if (!session) throw new Error("not listed");
      expect(await system.revoke(session, CALL)).toEqual({ status: "revoked" });
      expect(await grantsOf(system, alice)).toEqual([]);
    });

    it("knows a role by its oid: renamed it is found, dropped and made anew it is a stranger", async () => {
      const alice = await leaver();
      const login = await grantOf(alice, "login");
      await target.run("ALTER ROLE alice RENAME TO alice_2");
      await makeRole(target, "alice", "LOGIN");
      const known = { ...LEAVER, logins: { "postgres:orders": [`id:${alice.id}`], postgres: ["alice"] } };
      expect((await system.findAccounts(known, CALL)).map((match) => [match.account.login, match.rule])).toEqual([
        ["alice_2", "account-id"],
      ]);
      const short = { ...LEAVER, logins: { postgres: [alice.id.replace(/@.*/, "")] } };
      expect((await system.findAccounts(short, CALL)).map((match) => match.account)).toEqual([
        { ...alice, login: "alice_2" },
      ]);
      await target.run("DROP OWNED BY alice_2; DROP ROLE alice_2");
      expect(await system.findAccounts(known, CALL)).toEqual([]);
      expect(await system.readBack(login, CALL)).toMatchObject({ state: "absent" });
      expect(await system.revoke(login, CALL)).toMatchObject({ status: "already-gone" });
      expect(await grantsOf(system, alice)).toEqual([]);
      const stranger = await accountOf(system, "alice");
      expect(await system.readBack(await grantOf(stranger, "login"), CALL)).toMatchObject({ state: "present" });
    });

    it("refuses an account of another cluster that stands behind the same name", async () => {
      const alice = await leaver();
      const login = await grantOf(alice, "login");
      const elsewhere = alice.id.replace(/@\d+/, "@7000000000000000001");
      const person = { ...LEAVER, logins: { postgres: [`id:${elsewhere}`] } };
      await expect(system.findAccounts(person, CALL)).rejects.toMatchObject({ failure: { code: "refused" } });
      const foreign = { ...login, account: elsewhere };
      await expect(system.revoke(foreign, CALL)).rejects.toMatchObject({ failure: { code: "refused" } });
      await expect(system.readBack(foreign, CALL)).rejects.toMatchObject({ failure: { code: "refused" } });
      expect(await grantOf(alice, "login")).toEqual(login);
    });

    it("never touches the server's own roles nor its own", async () => {
      for (const role of ["postgres", "pg_monitor"]) {
        const account = await accountOf(least, role);
        expect(account.kind).toBe("service");
        for (const grant of await grantsOf(least, account))
          if (grant.via === undefined)
            expect(await least.revoke(grant, CALL)).toMatchObject({
              status: grant.kind === "session" ? expect.any(String) : "blocked",
            });
      }
      const own = await grantOf(await accountOf(least, "signoff_admin"), "login");
      expect(await least.revoke(own, CALL)).toMatchObject({ status: "blocked" });
      expect(await least.readBack(own, CALL)).toMatchObject({ state: "present" });
    });

    it("runs none of the leaver's code: her search path, her settings, her event trigger", async () => {
      const alice = await leaver();
      await target.run("CREATE DATABASE hers OWNER alice");
      const trap = "LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE IF NOT EXISTS public.sprung (); RETURN 'x'; END $$";
      for (const text of [
        "CREATE TABLE public.t (id int)",
        "GRANT SELECT ON public.t TO alice",
        "CREATE SCHEMA evil AUTHORIZATION alice",
        `CREATE FUNCTION evil.format(text, name) RETURNS text ${trap}`,
        `CREATE FUNCTION evil.pg_get_userbyid(oid) RETURNS text ${trap}`,
        `CREATE FUNCTION evil.quote_ident(name) RETURNS text ${trap}`,
        "ALTER DATABASE hers SET search_path = evil, pg_catalog",
        "ALTER DATABASE hers SET default_transaction_read_only = on",
        "ALTER DATABASE hers SET statement_timeout = 1",
        "ALTER DATABASE hers SET standard_conforming_strings = off",
        "ALTER DATABASE hers SET role = alice",
        "ALTER ROLE signoff_admin IN DATABASE hers SET search_path = evil, pg_catalog",
      ])
        await target.run(text, "hers");
      const privilege = await grantOf(alice, "privilege");
      expect(await system.revoke(privilege, CALL)).toEqual({ status: "revoked" });
      await system.restore?.(privilege, CALL);
      expect(await target.run("SELECT to_regclass('public.sprung') AS t", "hers")).toMatchObject([{ t: null }]);
      for (const text of [
        "CREATE TABLE evil.log (n int)",
        "CREATE FUNCTION evil.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.log VALUES (1); END $$",
        "ALTER FUNCTION evil.on_ddl() OWNER TO alice",
        "CREATE EVENT TRIGGER lurking ON ddl_command_start EXECUTE FUNCTION evil.on_ddl()",
      ])
        await target.run(text, "hers");
      const blocked = await system.revoke(privilege, CALL);
      expect(blocked).toMatchObject({ status: "blocked" });
      expect(JSON.stringify(blocked)).toContain("lurking");
      expect(await target.run("SELECT count(*)::int AS n FROM evil.log", "hers")).toMatchObject([{ n: 0 }]);
      await target.run("DROP EVENT TRIGGER lurking", "hers");
    });

    it("says what it may not do, and what to grant", async () => {
      const alice = await leaver();
      await makeRole(target, "bob", "LOGIN");
      await target.run("CREATE ROLE landlord; CREATE ROLE hermit LOGIN");
      await target.run("CREATE DATABASE lent OWNER landlord");
      await target.run(
        "CREATE TABLE public.t (id int); GRANT SELECT ON public.t TO alice; ALTER TABLE public.t OWNER TO landlord",
        "lent",
      );
      await target.run("CREATE TABLE public.mine (id int); ALTER TABLE public.mine OWNER TO alice", "lent");
      await target.run("REVOKE pg_signal_backend, pg_read_all_stats FROM signoff_admin");
      await target.run("REVOKE alice FROM signoff_admin; GRANT alice TO signoff_admin WITH ADMIN OPTION");
      await (await target.login("alice"))`SELECT 1`;
      const faults = (await least.check(CALL)).filter((check) => !check.ok);
      const said = faults.map((check) => `${check.name}: ${"fix" in check ? check.fix : ""}`).join("\n");
      expect(said).toContain('GRANT pg_read_all_stats TO "signoff_admin"');
      expect(said).toContain('GRANT pg_signal_backend TO "signoff_admin"');
      expect(said).toMatch(/owners: .*landlord/);
      if (binaries === undefined) expect(said).toMatch(/login roles: .*hermit/);
      const privilege = await grantOf(alice, "privilege", least);
      const revoked = await least.revoke(privilege, CALL).catch((error: unknown) => error);
      expect(JSON.stringify(revoked)).toContain("landlord");
      expect(await least.readBack(privilege, CALL)).toMatchObject({ state: "present" });
      await target.run("GRANT pg_signal_backend, pg_read_all_stats TO signoff_admin");
    });

    it("hands nothing to a superuser, and names the memberships it lacks for handing over", async () => {
      const alice = await leaver();
      await target.run("CREATE ROLE boss LOGIN SUPERUSER; CREATE ROLE hermit LOGIN");
      await target.run(
        "CREATE TABLE public.mine AS SELECT generate_series(1, 10) AS n; ALTER TABLE public.mine OWNER TO alice",
        "app",
      );
      const [item, ...more] = await workOf(alice);
      expect(more).toEqual([]);
      if (!item) throw new Error("no work");
      expect(item).toMatchObject({ title: "1 table in app", container: "app" });
      // Her own entry in its access control list is ownership, and no right to be taken.
      await target.run("GRANT SELECT ON public.mine TO app_owner", "app");
      expect((await grantsOf(system, alice)).map((grant) => grant.kind)).toEqual(["login"]);
      const give = async (from: System, to: string) => from.work?.reassign(item, await accountOf(system, to), CALL);
      await expect(give(system, "boss")).rejects.toMatchObject({ failure: { code: "conflict" } });
      await expect(give(system, "alice")).rejects.toMatchObject({ failure: { code: "conflict" } });
      await expect(give(least, "hermit")).rejects.toMatchObject({
        failure: { code: "forbidden", scope: "GRANT hermit TO signoff_admin" },
      });
      expect(await workOf(alice)).toEqual([item]);
      expect(await give(system, "hermit")).toMatchObject({ state: "present" });
      expect(await give(system, "hermit"), "asked again after a lost answer").toMatchObject({ state: "present" });
      expect(await workOf(alice)).toEqual([]);
      expect(await target.run("SELECT count(*)::int AS n FROM public.mine", "app")).toMatchObject([{ n: 10 }]);
      await target.run("DROP TABLE public.mine", "app");
    });

    it("names databases that move with the first hand-over, and what runs with the owner's rights", async () => {
      const alice = await leaver();
      await makeRole(target, "bob", "LOGIN");
      await target.run("CREATE DATABASE hers OWNER alice");
      const [shared, ...none] = await workOf(alice);
      expect(none).toEqual([]);
      expect(shared).toMatchObject({ id: "owned:0", title: "1 database", container: "all databases" });
      await target.run(
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; ALTER FUNCTION public.f() OWNER TO alice",
        "hers",
      );
      const [item] = await workOf(alice);
      if (!item) throw new Error("no work");
      expect(item.facts.join("\n")).toContain("public.f() is SECURITY DEFINER");
      expect(item.facts.join("\n")).toContain("Database hers moves with the first");
      expect(await system.work?.reassign(item, await accountOf(system, "bob"), CALL)).toMatchObject({
        state: "present",
      });
      expect(await target.run("SELECT datdba::regrole::text AS owner FROM pg_database WHERE datname = 'hers'")).toEqual(
        [{ owner: "bob" }],
      );
    });

    it("is stopped in the middle of a statement that waits for a lock", async () => {
      const alice = await leaver();
      const login = await grantOf(alice, "login");
      const stop = new AbortController();
      const lock = target.run("BEGIN; LOCK TABLE pg_authid IN EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT");
      const waiting = system.revoke(login, { ...CALL, signal: stop.signal });
      const refused = expect(waiting).rejects.toMatchObject({ failure: { code: "unreachable" } });
      stop.abort(new Error("the job was stopped"));
      await refused;
      await lock;
      expect(await system.revoke(login, CALL)).toMatchObject({ status: expect.stringMatching(/revoked|already-gone/) });
    });

    it("is not configured by a URL that would send settings, and never shows it", () => {
      const secret = "postgres://admin:hunter2@db/app?options=-crole%3Dalice";
      const faults = [
        connector({ name: "Orders DB", url: secret }),
        connector({ name: "orders", url: "mysql://admin:hunter2@db/app" }),
      ].flatMap((configured) => configured.faults);
      expect(faults.map((fault) => fault.variable)).toEqual([
        "POSTGRES_TARGET_NAME",
        "POSTGRES_TARGET_URL",
        "POSTGRES_TARGET_URL",
      ]);
      expect(JSON.stringify(faults)).not.toContain("hunter2");
    });

    it("takes what the administrator of a managed server may take, with exactly the documented rights", async () => {
      const alice = await leaver("LOGIN CREATEDB");
      await makeRole(target, "team");
      await asAdmin(target, "GRANT team TO alice");
      await (await target.login("alice"))`SELECT 1`;
      const grants = await grantsOf(least, alice);
      expect(grants.map((grant) => grant.kind)).toEqual(["login", "attribute", "session", "membership", "password"]);
      for (const grant of grants) expect(await least.revoke(grant, CALL)).toEqual({ status: "revoked" });
      expect(await grantsOf(least, alice)).toEqual([]);
    });
  });
