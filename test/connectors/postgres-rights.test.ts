import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Account, Grant, System } from "../../connectors/connector.ts";
import { accountOf, CALL, grantsOf, isMissing, makeRole, SERVERS, startTarget, type Target } from "./postgres-bench.ts";

for (const { name, binaries } of SERVERS)
  describe.skipIf(isMissing(binaries))(`rights on ${name}`, () => {
    let target: Target;
    let system: System;
    let alice: Account;
    beforeAll(async () => {
      target = await startTarget(binaries);
      system = target.system("postgres");
    });
    afterEach(() => target.clean());
    afterAll(() => target?.stop());

    const withAlice = async (...statements: string[]) => {
      await makeRole(target, "alice", "LOGIN");
      await target.run("CREATE DATABASE shop");
      for (const statement of statements) await target.run(statement, "shop");
      alice = await accountOf(system, "alice");
      return grantsOf(system, alice);
    };

    it("finds, takes and gives back a right on every kind of object, to the letter", async () => {
      const grants = await withAlice(
        `CREATE SCHEMA "odd "" name"`,
        `CREATE TABLE "odd "" name"."t'able \u202E" (id int, "sec;ret" text)`,
        "CREATE VIEW public.view AS SELECT 1 AS one",
        "CREATE SEQUENCE public.numbers",
        "CREATE FUNCTION public.f(int, text[] DEFAULT '{}') RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE PROCEDURE public.p(int) LANGUAGE sql AS 'SELECT 1'",
        "CREATE AGGREGATE public.agg(int) (SFUNC = int4pl, STYPE = int)",
        "CREATE TYPE public.pair AS (a int, b int)",
        "CREATE DOMAIN public.positive AS int CHECK (VALUE > 0)",
        "CREATE FOREIGN DATA WRAPPER wrapper",
        "CREATE SERVER server FOREIGN DATA WRAPPER wrapper",
        "SELECT lo_create(4711)",
        "SET allow_in_place_tablespaces = on",
        "CREATE TABLESPACE fast LOCATION ''",
        `GRANT USAGE, CREATE ON SCHEMA "odd "" name" TO alice`,
        `GRANT SELECT, DELETE, TRIGGER ON "odd "" name"."t'able \u202E" TO alice`,
        `GRANT UPDATE ON "odd "" name"."t'able \u202E" TO alice WITH GRANT OPTION`,
        `GRANT SELECT ("sec;ret"), INSERT (id) ON "odd "" name"."t'able \u202E" TO alice`,
        "GRANT SELECT ON public.view TO alice",
        "GRANT SELECT ON pg_catalog.pg_authid TO alice",
        "GRANT USAGE ON SEQUENCE public.numbers TO alice",
        "GRANT EXECUTE ON FUNCTION public.f(int, text[]) TO alice WITH GRANT OPTION",
        "GRANT EXECUTE ON PROCEDURE public.p(int) TO alice",
        "GRANT EXECUTE ON FUNCTION public.agg(int) TO alice",
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO alice",
        "GRANT USAGE ON TYPE public.pair TO alice",
        "GRANT USAGE ON DOMAIN public.positive TO alice",
        "GRANT USAGE ON LANGUAGE plpgsql TO alice",
        "GRANT USAGE ON FOREIGN DATA WRAPPER wrapper TO alice",
        "GRANT USAGE ON FOREIGN SERVER server TO alice",
        "GRANT SELECT, UPDATE ON LARGE OBJECT 4711 TO alice",
        "GRANT CREATE ON TABLESPACE fast TO alice",
        "GRANT CREATE, TEMPORARY ON DATABASE shop TO alice",
        "GRANT SET, ALTER SYSTEM ON PARAMETER log_statement TO alice",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO alice",
        "ALTER DEFAULT PRIVILEGES FOR ROLE app_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO alice WITH GRANT OPTION",
        "ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT EXECUTE ON FUNCTIONS TO alice",
        "ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT USAGE ON SCHEMAS TO alice",
      );
      expect(grants.map((grant) => grant.kind).sort()).toEqual(["login", ...Array<string>(24).fill("privilege")]);
      const before = await allLists(target);
      for (const grant of inOrder(grants)) {
        expect(await system.readBack(grant, CALL)).toMatchObject({ state: "present" });
        expect({ ...(await system.revoke(grant, CALL)), id: grant.id }).toMatchObject({ status: "revoked" });
        expect(await system.readBack(grant, CALL)).toMatchObject({ state: "absent" });
      }
      expect(await grantsOf(system, alice)).toEqual([]);
      expect(await allLists(target)).toEqual([]);
      for (const grant of grants) await system.restore?.(grant, CALL);
      expect(await allLists(target)).toEqual(before);
      expect(await grantsOf(system, alice)).toEqual(grants);
      await target.run("DROP OWNED BY alice; DROP TABLESPACE fast", "shop").catch(() => undefined);
      await target.run("DROP TABLESPACE fast").catch(() => undefined);
    });

    it("takes a right as whoever gave it, and gives it back from the same", async () => {
      await makeRole(target, "lender");
      const grants = await withAlice(
        "CREATE TABLE public.t (id int)",
        "GRANT SELECT ON public.t TO lender WITH GRANT OPTION",
        "SET ROLE lender",
        "GRANT SELECT ON public.t TO alice",
        "RESET ROLE",
        "GRANT SELECT, INSERT ON public.t TO alice",
      );
      const before = await allLists(target);
      expect(before.map((line) => line.split(" by ")[1]).sort()).toEqual(["lender", "postgres", "postgres"]);
      const grant = ofKind(grants, "privilege");
      expect(await system.revoke(grant, CALL)).toEqual({ status: "revoked" });
      expect(await allLists(target)).toEqual([]);
      await system.restore?.(grant, CALL);
      expect(await allLists(target)).toEqual(before);
    });

    it("takes nothing away from those whom the leaver gave rights: it is blocked, and says who", async () => {
      await makeRole(target, "carol");
      const grants = await withAlice(
        "CREATE TABLE public.t (id int)",
        "GRANT SELECT ON public.t TO alice WITH GRANT OPTION",
        "SET ROLE alice",
        "GRANT SELECT ON public.t TO carol",
        "RESET ROLE",
      );
      const revoked = await system.revoke(ofKind(grants, "privilege"), CALL);
      expect(revoked).toMatchObject({ status: "blocked" });
      expect(JSON.stringify(revoked)).toContain("carol (SELECT)");
      expect(await system.readBack(ofKind(grants, "privilege"), CALL)).toMatchObject({ state: "present" });
      expect(await allLists(target, "carol")).toHaveLength(1);
    });

    it("takes memberships, with their options, and gives them back; what they lead to is named", async () => {
      await makeRole(target, "club");
      await makeRole(target, "team", "CREATEROLE");
      await makeRole(target, "outer_team");
      await makeRole(target, "bot");
      await target.run("GRANT team TO outer_team");
      const grants = await withAlice("GRANT alice TO bot", "GRANT club, outer_team TO alice WITH ADMIN OPTION");
      expect(grants.map(({ kind, resource, role, privileged }) => [kind, resource, role, privileged])).toEqual([
        ["login", "role alice", "LOGIN", false],
        ["membership", "role club", "member, ADMIN", true],
        ["membership", "role outer_team", "member, ADMIN", true],
        ["inherited-membership", "role team through outer_team", "member", true],
      ]);
      const [, , direct, nested] = grants;
      if (!direct || !nested) throw new Error("not listed");
      expect(nested.via).toBe(direct.id);
      expect(direct.breaks.join()).toContain("Role bot ");
      const before = await memberships(target);
      expect(await system.revoke(nested, CALL)).toMatchObject({ status: "elsewhere" });
      expect(await system.revoke(direct, CALL)).toEqual({ status: "revoked" });
      expect(await system.readBack(direct, CALL)).toMatchObject({ state: "absent" });
      expect(await system.readBack(nested, CALL)).toMatchObject({ state: "absent" });
      await system.restore?.(direct, CALL);
      expect(await memberships(target)).toEqual(before);
    });

    it("takes each attribute, all of them privileged, and gives it back", async () => {
      const grants = await withAlice("ALTER ROLE alice SUPERUSER CREATEROLE CREATEDB REPLICATION BYPASSRLS");
      expect(grants.every((grant) => grant.privileged && grant.reversible === "always")).toBe(true);
      for (const grant of grants) expect(await system.revoke(grant, CALL)).toEqual({ status: "revoked" });
      expect(await grantsOf(system, alice)).toEqual([]);
      for (const grant of grants) await system.restore?.(grant, CALL);
      expect(await grantsOf(system, alice)).toEqual(grants);
    });

    it("names what it cannot end: a user mapping with its password to rotate, a policy", async () => {
      const grants = await withAlice(
        "CREATE FOREIGN DATA WRAPPER wrapper",
        "CREATE SERVER ledger FOREIGN DATA WRAPPER wrapper",
        "CREATE USER MAPPING FOR alice SERVER ledger OPTIONS (password 'hush-hush')",
        "CREATE TABLE public.t (id int)",
        "CREATE POLICY hers ON public.t TO alice USING (true)",
      );
      const [mapping, policy] = ["user-mapping", "dependency"].map((kind) => ofKind(grants, kind));
      if (!mapping || !policy) throw new Error("not listed");
      expect(JSON.stringify(grants)).not.toContain("hush");
      expect(mapping.secrets.join()).toContain("ledger");
      expect(policy.resource).toContain("policy hers");
      for (const grant of [mapping, policy]) {
        expect(await system.revoke(grant, CALL)).toMatchObject({ status: "elsewhere" });
        expect(await system.readBack(grant, CALL)).toMatchObject({ state: "present" });
      }
      await target.run("DROP POLICY hers ON public.t; DROP USER MAPPING FOR alice SERVER ledger", "shop");
      for (const grant of [mapping, policy])
        expect(await system.readBack(grant, CALL)).toMatchObject({ state: "absent" });
    });

    it("names a database it cannot enter when the leaver has something in it, and calls nothing in it gone", async () => {
      const grants = await withAlice("CREATE TABLE public.t (id int)", "GRANT SELECT ON public.t TO alice");
      const blind = () => (system.sight.kind === "partial" ? system.sight.blind.join() : "");
      expect(blind()).not.toContain("shop");
      await target.run("ALTER DATABASE shop ALLOW_CONNECTIONS false");
      const grant = ofKind(grants, "privilege");
      expect((await grantsOf(system, alice)).map((one) => one.kind)).toEqual(["login"]);
      expect(blind()).toContain("database shop cannot be entered");
      expect(await system.readBack(grant, CALL)).toMatchObject({ state: "unreadable" });
      expect(await system.revoke(grant, CALL)).toMatchObject({ status: "blocked" });
      expect((await system.check(CALL)).filter((check) => !check.ok)).toMatchObject([{ name: "databases" }]);
      await target.run("DROP DATABASE shop WITH (FORCE)");
      const gone = { state: "absent", evidence: { request: "pg_database" } };
      expect(await system.readBack(grant, CALL)).toMatchObject(gone);
      expect(await system.revoke(grant, CALL)).toMatchObject({ status: "already-gone" });
      await grantsOf(system, alice);
      expect(blind()).not.toContain("shop");
    });

    it("lists a thousand and one rights", async () => {
      const grants = await withAlice(
        "DO $$ BEGIN FOR n IN 1..1001 LOOP EXECUTE format('CREATE TABLE public.t%s (id int)', n); END LOOP; END $$",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO alice",
      );
      expect(grants.filter((grant) => grant.kind === "privilege")).toHaveLength(1001);
    });
  });

function ofKind(grants: readonly Grant[], kind: string): Grant {
  const grant = grants.find((one) => one.kind === kind);
  if (!grant) throw new Error(`no ${kind}`);
  return grant;
}

/** Columns before their table. */
function inOrder(grants: readonly Grant[]): Grant[] {
  return [...grants].sort((a, b) => a.after.length - b.after.length);
}

/** Every entry of every access control list that names the role, as the catalogues have it. */
async function allLists(target: Target, role = "alice"): Promise<string[]> {
  const sources = [
    ["pg_class", "relname", "relacl"],
    ["pg_attribute", "attname", "attacl"],
    ["pg_namespace", "nspname", "nspacl"],
    ["pg_proc", "proname", "proacl"],
    ["pg_type", "typname", "typacl"],
    ["pg_language", "lanname", "lanacl"],
    ["pg_foreign_data_wrapper", "fdwname", "fdwacl"],
    ["pg_foreign_server", "srvname", "srvacl"],
    ["pg_largeobject_metadata", "oid::text", "lomacl"],
    ["pg_tablespace", "spcname", "spcacl"],
    ["pg_database", "datname", "datacl"],
    ["pg_parameter_acl", "parname", "paracl"],
    ["pg_default_acl", "defaclrole::regrole || defaclobjtype::text || defaclnamespace::regnamespace", "defaclacl"],
  ];
  const selects = sources.map(
    ([table, name, acl]) =>
      `SELECT '${table} ' || (${name}) || ' ' || x.privilege_type || ' ' || x.is_grantable || ' by ' || x.grantor::regrole AS line
       FROM ${table}, aclexplode(${acl}) x WHERE x.grantee = '${role}'::regrole`,
  );
  const rows = await target.run(`${selects.join(" UNION ALL ")} ORDER BY 1`, "shop");
  return rows.map((row) => String(row["line"]));
}

async function memberships(target: Target): Promise<string[]> {
  const rows = await target.run(
    "SELECT (to_jsonb(m) - 'oid')::text AS line FROM pg_auth_members m WHERE member = 'alice'::regrole ORDER BY 1",
  );
  return rows.map((row) => String(row["line"]));
}
