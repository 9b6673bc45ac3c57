import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Account, Grant, System } from "../../connectors/connector.ts";
import {
  ADMIN_PASSWORD,
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

// What lets a role in, or acts for it, beside its login and its rights.

for (const { name, binaries } of SERVERS)
  describe.skipIf(isMissing(binaries))(`beside the login on ${name}`, () => {
    let target: Target;
    let system: System;
    let least: System;
    const files = new Map<string, string>();
    beforeAll(async () => {
      target = await startTarget(binaries, { max_prepared_transactions: "4" });
      system = target.system("postgres");
      least = target.system("signoff_admin");
      for (const file of ["pg_hba.conf", "pg_ident.conf"])
        files.set(file, await readFile(join(target.cluster.data, file), "utf8"));
    });
    afterEach(async () => {
      for (const [file, text] of files) await writeFile(join(target.cluster.data, file), text);
      await target.clean();
    });
    afterAll(() => target?.stop());

    const leaver = async (options = "LOGIN") => {
      await makeRole(target, "alice", options);
      return accountOf(system, "alice");
    };
    const blind = (of: System) => (of.sight.kind === "partial" ? of.sight.blind.join("\n") : "");
    const ofKind = (grants: readonly Grant[], kind: string) => grants.filter((grant) => grant.kind === kind);

    it("names lines of pg_hba.conf and pg_ident.conf that ask for no password kept here, until they are gone", async () => {
      const alice = await leaver();
      await makeRole(target, "team");
      await target.run("GRANT team TO alice");
      await appendFile(
        join(target.cluster.data, "pg_hba.conf"),
        [
          "",
          "local app alice peer map=people",
          "host app alice 10.0.0.0/8 radius radiusservers=127.0.0.1 radiussecrets=hush-hush",
          "host app alice 10.1.0.0/16 scram-sha-256",
          "host app alice 10.2.0.0/16 reject",
          "host app bob 10.3.0.0/16 trust",
          "host app +team 10.4.0.0/16 trust",
          "host all all 10.5.0.0/16 radius radiusservers=127.0.0.1 radiussecrets=hush-hush",
          "host app /^ali 10.6.0.0/16 trust",
          "",
        ].join("\n"),
      );
      await appendFile(join(target.cluster.data, "pg_ident.conf"), "\npeople alice.smith alice\npeople bob bob\n");
      const grants = await grantsOf(system, alice);
      const lines = ofKind(grants, "host-access");
      expect(lines.map((line) => line.resource.replace(/\d+/, "N"))).toEqual([
        "pg_hba.conf line N: local app alice peer map=people",
        "pg_hba.conf line N: host app alice 10.0.0.0 255.0.0.0 radius",
        "pg_ident.conf line N: people alice.smith alice",
      ]);
      const [login] = ofKind(grants, "login");
      expect(login?.resource).toContain("app +team 10.4.0.0");
      expect(login?.resource).toContain("all all 10.5.0.0");
      expect(login?.resource.includes("/^ali")).toBe(binaries === undefined);
      expect(login?.resource).not.toContain("bob");
      expect(JSON.stringify(grants)).not.toContain("hush-hush");
      for (const line of lines) {
        expect(line).toMatchObject({ reversible: "never" });
        expect(await system.revoke(line, CALL)).toMatchObject({ status: "elsewhere" });
        expect(await system.readBack(line, CALL)).toMatchObject({ state: "present" });
      }
      for (const [file, text] of files) await writeFile(join(target.cluster.data, file), `# a line more\n${text}`);
      for (const line of lines) expect(await system.readBack(line, CALL)).toMatchObject({ state: "absent" });
    });

    it("says that pg_hba.conf is not seen without the right to, and sees it with just that right", async () => {
      const alice = await leaver();
      await appendFile(join(target.cluster.data, "pg_hba.conf"), "\nhost app alice 10.0.0.0/8 trust\n");
      expect(ofKind(await grantsOf(least, alice), "host-access")).toEqual([]);
      expect(blind(least)).toContain("GRANT SELECT ON pg_hba_file_rules");
      await target.run("GRANT SELECT ON pg_hba_file_rules, pg_ident_file_mappings TO signoff_admin");
      const functions = "EXECUTE ON FUNCTION pg_hba_file_rules(), pg_ident_file_mappings()";
      await target.run(`GRANT ${functions} TO signoff_admin`);
      const [line] = ofKind(await grantsOf(least, alice), "host-access");
      expect(line?.resource).toContain("trust");
      expect(blind(least)).not.toContain("pg_hba");
      await target.run(`REVOKE ${functions} FROM signoff_admin`);
      if (line) expect(await least.readBack(line, CALL)).toMatchObject({ state: "unreadable" });
      await target.run("REVOKE SELECT ON pg_hba_file_rules, pg_ident_file_mappings FROM signoff_admin");
    });

    it("names a prepared transaction, whose end a human decides, and what streams to other servers", async () => {
      const alice = await leaver("LOGIN REPLICATION");
      await target.run("CREATE TABLE public.t (id int); GRANT INSERT ON public.t TO alice", "app");
      const hers = await target.login("alice", "app");
      await hers.unsafe("BEGIN; INSERT INTO public.t VALUES (1); PREPARE TRANSACTION 'half done'").simple();
      await hers.end();
      const url = new URL(target.cluster.superUrl);
      const stream = postgres(url.href, {
        max: 1,
        fetch_types: false,
        // The driver's types know only settings; the server takes this one for a walsender.
        connection: { replication: "true", application_name: "standby_eu" },
      });
      await stream.unsafe("IDENTIFY_SYSTEM").simple();
      const grants = await grantsOf(least, alice);
      const [prepared] = ofKind(grants, "prepared-transaction");
      expect(prepared).toMatchObject({ resource: "prepared transaction half done in app", reversible: "never" });
      expect(blind(least)).toContain("standby_eu (127.0.0.1)");
      if (!prepared) throw new Error("not listed");
      expect(await least.revoke(prepared, CALL)).toMatchObject({ status: "elsewhere" });
      expect(await least.readBack(prepared, CALL)).toMatchObject({ state: "present" });
      await target.run("ROLLBACK PREPARED 'half done'", "app");
      expect(await least.readBack(prepared, CALL)).toMatchObject({ state: "absent" });
      await stream.end();
      await target.run("DROP TABLE public.t", "app");
    });

    it("names the databases in which something runs jobs by the clock", async () => {
      const alice = await leaver();
      await target.run("CREATE DATABASE shop");
      await grantsOf(system, alice);
      expect(blind(system)).not.toContain("pg_cron");
      await target.run(
        `INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
         VALUES (99999, 'pg_cron', 10, 11, false, '1.6')`,
        "shop",
      );
      await grantsOf(system, alice);
      expect(blind(system)).toContain("jobs that pg_cron runs as this role in shop");
      await target.run("DELETE FROM pg_extension WHERE extname = 'pg_cron'", "shop");
    });

    it("finds all roles of one person, each with its own grants", async () => {
      await leaver();
      await makeRole(target, "alice_admin", "LOGIN CREATEDB");
      await makeRole(target, "alice_other", "LOGIN");
      const person = {
        ...LEAVER,
        logins: { postgres: ["alice", "nobody"], "postgres:orders": ["alice_admin", "alice"] },
      };
      const accounts = (await system.findAccounts(person, CALL)).map((match) => match.account);
      expect(accounts.map((account) => account.login).sort()).toEqual(["alice", "alice_admin"]);
      const kinds = async (account: Account) => (await grantsOf(system, account)).map((grant) => grant.kind);
      expect(await Promise.all(accounts.map(kinds))).toEqual(
        accounts.map(({ login }) => (login === "alice" ? ["login"] : ["login", "attribute"])),
      );
    });

    it("works beside a provider's roles: they are privileged, they are not touched, and what is missing is said", async () => {
      // As on RDS: an administrator who is a member of rds_superuser, and no superuser that anybody may use.
      await target.run("CREATE ROLE rdsadmin SUPERUSER; CREATE ROLE rds_superuser CREATEROLE; CREATE ROLE rds_iam");
      await target.run("GRANT pg_monitor, pg_signal_backend TO rds_superuser");
      await target.run("GRANT rds_superuser, rds_iam TO signoff_admin WITH ADMIN OPTION");
      const alice = await leaver();
      await asAdmin(target, "GRANT rds_superuser, rds_iam TO alice");
      const members = ofKind(await grantsOf(least, alice), "membership");
      expect(members.map(({ resource, privileged }) => [resource, privileged])).toEqual([
        ["role rds_superuser", true],
        ["role rds_iam", false],
      ]);
      for (const grant of members) expect(await least.revoke(grant, CALL)).toEqual({ status: "revoked" });
      for (const grant of members) await least.restore?.(grant, CALL);
      expect(ofKind(await grantsOf(least, alice), "membership")).toEqual(members);
      for (const role of ["rdsadmin", "rds_superuser"]) {
        const account = await accountOf(least, role);
        expect(account.kind).toBe("service");
        for (const grant of await grantsOf(least, account))
          if (grant.via === undefined) expect(await least.revoke(grant, CALL)).toMatchObject({ status: "blocked" });
      }
    });

    it("says who can take what another administrator gave, or that only a superuser can", async () => {
      await target.run("CREATE ROLE other_admin LOGIN CREATEROLE; CREATE ROLE team; CREATE ROLE boss_team");
      await target.run("GRANT team TO other_admin WITH ADMIN OPTION");
      const alice = await leaver();
      await target.run("SET ROLE other_admin; GRANT team TO alice; RESET ROLE");
      await target.run("GRANT boss_team TO alice");
      const grants = ofKind(await grantsOf(least, alice), "membership");
      const said = [];
      for (const grant of grants) said.push(await least.revoke(grant, CALL).catch((error) => error.failure));
      // Before version 16 CREATEROLE is enough for both.
      if (binaries !== undefined) expect(said).toEqual([{ status: "revoked" }, { status: "revoked" }]);
      else
        expect(said).toEqual([
          { code: "forbidden", scope: "GRANT other_admin TO signoff_admin" },
          { code: "forbidden", scope: "a superuser, since postgres gave it" },
        ]);
    });

    it("names the roles that she made or administers, and on an older server that it cannot know", async () => {
      const alice = await leaver("LOGIN CREATEROLE");
      await target.run("SET ROLE alice; CREATE ROLE made_by_alice; RESET ROLE");
      await target.run("CREATE ROLE run_by_alice; GRANT run_by_alice TO alice WITH ADMIN OPTION");
      const administered = ofKind(await grantsOf(system, alice), "membership").map(
        (one) => `${one.resource}: ${one.role} ${one.privileged}`,
      );
      expect(administered).toContain("role run_by_alice: member, ADMIN true");
      if (binaries === undefined)
        expect(administered).toContain("role made_by_alice: member, ADMIN, no INHERIT, no SET true");
      else {
        expect(blind(system)).toContain("which roles it created with CREATEROLE");
        const [attribute] = ofKind(await grantsOf(system, alice), "attribute");
        expect(attribute?.role).toContain("administers every role that is no superuser");
      }
    });

    it("names what was given since the listing and went along, and gives back only what the plan showed", async () => {
      const alice = await leaver();
      await target.run("CREATE TABLE public.t (id int); GRANT SELECT ON public.t TO alice", "app");
      const [privilege] = ofKind(await grantsOf(system, alice), "privilege");
      if (!privilege) throw new Error("not listed");
      await target.run("GRANT INSERT, DELETE ON public.t TO alice", "app");
      expect(await system.revoke(privilege, CALL)).toEqual({
        status: "revoked",
        receipt: "taken too, given since it was listed: DELETE, INSERT",
      });
      await system.restore?.(privilege, CALL);
      expect(ofKind(await grantsOf(system, alice), "privilege")).toEqual([privilege]);
      await target.run("DROP TABLE public.t", "app");
    });

    it("names what an heir would take on: row security passed by, subscriptions, what only a superuser may own", async () => {
      const alice = await leaver("LOGIN SUPERUSER");
      await makeRole(target, "bob", "LOGIN");
      await target.run("CREATE DATABASE hers");
      for (const text of [
        "CREATE TABLE public.t (id int)",
        "ALTER TABLE public.t ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE public.t OWNER TO alice",
        "SET ROLE alice",
        "CREATE PUBLICATION pub FOR TABLE public.t",
        "CREATE SUBSCRIPTION sub CONNECTION 'host=elsewhere password=hush-hush' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        "CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION public.on_ddl()",
        "RESET ROLE",
      ])
        await target.run(text, "hers");
      const items = [];
      for await (const item of system.work?.list(alice, CALL) ?? []) items.push(item);
      const facts = items.flatMap((item) => item.facts).join("\n");
      expect(facts).toContain("Row security on public.t does not bind its owner");
      expect(facts).toContain("Subscription sub ");
      expect(facts).toContain("Event trigger watcher runs on changes of the schema");
      expect(facts).toContain("Publication pub ");
      expect(JSON.stringify(items)).not.toContain("hush-hush");
      const item = items.find((one) => one.container === "hers");
      if (!item) throw new Error("no work");
      const give = async () => system.work?.reassign(item, await accountOf(system, "bob"), CALL);
      const refused = await give().catch((error) => JSON.stringify(error.failure));
      expect(refused).toContain("watcher");
      expect(String(refused).includes("subscription sub")).toBe(binaries !== undefined);
      await target.run("DROP EVENT TRIGGER watcher; ALTER SUBSCRIPTION sub OWNER TO postgres", "hers");
      expect(await give()).toMatchObject({ state: "present" });
      await target.run("DROP SUBSCRIPTION sub", "hers");
    });

    it("never shows the administrator's password", () => {
      expect(JSON.stringify([least, system])).not.toContain(ADMIN_PASSWORD);
    });
  });
