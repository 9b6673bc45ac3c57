import { existsSync, readFileSync } from "node:fs";
import postgres from "postgres";
import type { Account, Call, Grant, Person, System } from "../../connectors/connector.ts";
import { postgres as connector } from "../../connectors/postgres/index.ts";
import { type Cluster, startCluster } from "../peers/cluster.ts";
import { startTcpProxy, type TcpProxy } from "../peers/tcp-proxy.ts";
import type { Bench, Misbehaviour } from "./conformance.ts";

const DEBIANS = "/usr/lib/postgresql/15/bin";

/** The servers under test: the one npm brought, and Debian's where it is installed. */
export const SERVERS: readonly { readonly name: string; readonly binaries: string | undefined }[] = [
  { name: "embedded PostgreSQL", binaries: undefined },
  { name: existsSync(DEBIANS) ? "PostgreSQL 15" : `PostgreSQL 15 (there is none in ${DEBIANS})`, binaries: DEBIANS },
];

/** Says whether this server is missing here, so that its tests are skipped; with CI=true they fail instead. */
export function isMissing(binaries: string | undefined): boolean {
  return binaries !== undefined && !existsSync(binaries) && process.env["CI"] !== "true";
}

export const LEAVER: Person = {
  id: "p-1",
  name: "Alice Example",
  emails: ["alice@example.com"],
  logins: { postgres: ["alice"] },
  active: true,
};

/** A target server with the documented administrator, who is no superuser, behind a door that can misbehave. */
export interface Target {
  readonly cluster: Cluster;
  readonly proxy: TcpProxy;
  /** As superuser, past the door. */
  run(text: string, database?: string): Promise<postgres.RowList<postgres.Row[]>>;
  /** The connector as `role`, through the door. */
  system(role?: "signoff_admin" | "postgres"): System;
  /** Gives this role the password `pw` and connects with it, past the door; closed when the target stops. */
  login(role: string, database?: string): Promise<postgres.Sql>;
  /** Removes every role and database that a test made. */
  clean(): Promise<void>;
  stop(): Promise<void>;
}

export const ADMIN_PASSWORD = "s3cret-of-the-administrator";
const KEPT_ROLES = "'signoff_admin', 'app_owner'";

/** The statements of the README's block of rights, said for our administrator. */
const DOCUMENTED = documented();

function documented(): readonly string[] {
  const readme = readFileSync(new URL("../../connectors/postgres/README.md", import.meta.url), "utf8");
  const [, block = ""] = /```sql\n(.*?)```/s.exec(readme) ?? [];
  return block
    .split("\n")
    .map((line) =>
      line
        .replace(/\s*--.*/, "")
        .replaceAll("signoff", "signoff_admin")
        .replace("…", ADMIN_PASSWORD),
    )
    .filter((line) => line !== "");
}

/** Starts a server and gives its administrator exactly what the connector's README says. */
export async function startTarget(
  binaries: string | undefined,
  settings: Readonly<Record<string, string>> = {},
): Promise<Target> {
  const cluster = await startCluster({ binaries, settings });
  const proxy = await startTcpProxy(cluster.port);
  const open: postgres.Sql[] = [];
  const quiet = { max: 1, onnotice: () => {}, fetch_types: false } as const;
  const superuser = new Map<string, postgres.Sql>();
  const target: Target = {
    cluster,
    proxy,
    run(text, database = "postgres") {
      const url = new URL(cluster.superUrl);
      url.pathname = database;
      const sql = superuser.get(database) ?? postgres(url.href, quiet);
      superuser.set(database, sql);
      return sql.unsafe(text);
    },
    system(role = "signoff_admin") {
      const url = new URL(cluster.superUrl);
      url.port = String(proxy.port);
      if (role === "signoff_admin") [url.username, url.password] = [role, ADMIN_PASSWORD];
      return connector({ name: "orders", url: url.href }).connect({ fetch });
    },
    async login(role, database = "postgres") {
      // Roles are made without a password; who logs in gets one.
      await target.run(`ALTER ROLE ${role} PASSWORD 'pw'`);
      const sql = postgres({ ...quiet, host: "127.0.0.1", port: cluster.port, database, user: role, pass: "pw" });
      open.push(sql);
      return sql;
    },
    async clean() {
      proxy.behave({ kind: "pass" });
      await Promise.all(open.splice(0).map((sql) => sql.end({ timeout: 0 })));
      for (const { name } of await target.run(
        `SELECT format('%I', datname) AS name FROM pg_database WHERE oid >= 16384 AND datname <> 'app'`,
      )) {
        await superuser.get(name)?.end();
        superuser.delete(name);
        await target.run(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
        await target.run(`DROP DATABASE ${name} WITH (FORCE)`);
      }
      const left = `pg_roles r WHERE oid >= 16384 AND rolname NOT IN (${KEPT_ROLES})`;
      for (const database of ["app", "postgres"])
        await target.run(
          `DO $$ DECLARE n text; BEGIN FOR n IN SELECT rolname FROM ${left} LOOP EXECUTE format('DROP OWNED BY %I CASCADE', n); END LOOP; END $$`,
          database,
        );
      await target.run(
        `DO $$ DECLARE n text; BEGIN FOR n IN SELECT rolname FROM ${left} LOOP EXECUTE format('DROP ROLE %I', n); END LOOP; END $$`,
      );
      await target.run("ALTER ROLE signoff_admin LOGIN CONNECTION LIMIT -1");
    },
    async stop() {
      await Promise.all([...open, ...superuser.values()].map((sql) => sql.end({ timeout: 0 })));
      await proxy.stop();
      await cluster.stop();
    },
  };
  await target.run(`CREATE ROLE app_owner`);
  for (const statement of DOCUMENTED.filter((one) => !/alice|hba/.test(one))) await target.run(statement);
  // What the README asks for besides, to take CREATEDB.
  await target.run("ALTER ROLE signoff_admin CREATEDB");
  await target.run("CREATE DATABASE app OWNER app_owner");
  await target.run("GRANT CREATE ON SCHEMA public TO app_owner", "app");
  return target;
}

/** Makes a role that the administrator may manage: since version 16 that is the ADMIN option. */
export async function makeRole(target: Target, name: string, options = ""): Promise<void> {
  await target.run(`CREATE ROLE ${name} ${options}`);
  for (const statement of DOCUMENTED.filter((one) => one.includes("alice")))
    await target.run(statement.replace("alice", name));
}

/** Fits a target to the conformance suite: the leaver is role alice. */
export async function bench(target: Target): Promise<Bench> {
  await target.clean();
  // Our administrator may not see whether a password is kept, so only an expired one is none.
  await makeRole(target, "alice", "VALID UNTIL '-infinity'");
  const grantMemberships = async (count: number) => {
    const each = (act: string) =>
      `DO $$ BEGIN FOR n IN 0..${count - 1} LOOP EXECUTE format('${act}', 'team_' || n); END LOOP; END $$`;
    await target.run(each("CREATE ROLE %I"));
    await target.run(each("GRANT %I TO signoff_admin WITH ADMIN OPTION"));
    await asAdmin(target, each("GRANT %I TO alice"));
  };
  const give = async (kind: string, role: string) => {
    if (kind === "login") await target.run(`ALTER ROLE ${role} LOGIN`);
    else if (kind === "password") await target.run(`ALTER ROLE ${role} PASSWORD 'pw' VALID UNTIL 'infinity'`);
    else if (kind === "attribute") await target.run(`ALTER ROLE ${role} CREATEDB`);
    else if (kind === "membership") {
      if ((await target.run("SELECT FROM pg_roles WHERE rolname = 'team_0'")).length === 0)
        await makeRole(target, "team_0");
      await asAdmin(target, `GRANT team_0 TO ${role}`);
    } else if (kind === "privilege") {
      await target.run(
        "CREATE TABLE IF NOT EXISTS public.orders (id int); ALTER TABLE public.orders OWNER TO app_owner",
        "app",
      );
      await target.run(`GRANT SELECT, UPDATE ON public.orders TO ${role}`, "app");
    } else {
      await target.run(`ALTER ROLE ${role} LOGIN VALID UNTIL 'infinity'`);
      await (await target.login(role, "app"))`SELECT 1`;
    }
  };
  let given = "";
  const rules: Record<Misbehaviour, () => unknown> = {
    well: () => {
      target.proxy.behave({ kind: "pass" });
      return target.run("ALTER ROLE signoff_admin LOGIN CONNECTION LIMIT -1");
    },
    // The second database does not answer.
    "page-fails": () => target.proxy.behave({ kind: "cut", text: "database\0app\0" }),
    // The server is asked to roll back, or for something harmless, and says yes.
    "does-nothing": () =>
      target.proxy.behave({
        kind: "rewrite",
        texts: new Map([
          ["commit\0", "abort;\0"],
          ["pg_terminate_backend", "int4ne"],
        ]),
      }),
    "answer-lost": () => target.proxy.behave({ kind: "lose-answer", texts: ["commit\0", "pg_terminate_backend"] }),
    "rate-limited": () => target.run("ALTER ROLE signoff_admin CONNECTION LIMIT 0"),
    forbidden: () => target.run("ALTER ROLE signoff_admin NOLOGIN"),
    unreachable: () => target.proxy.behave({ kind: "refuse" }),
  };
  return {
    system: target.system(),
    secrets: [ADMIN_PASSWORD],
    person: LEAVER,
    namesake: { ...LEAVER, id: "p-2", emails: [], logins: {} },
    grant: grantMemberships,
    async grantOf(kind) {
      given = kind;
      await give(kind, "alice");
    },
    async behave(how) {
      await rules[how]();
    },
    async replaceLogin() {
      await target.run("ALTER ROLE alice RENAME TO alice_before");
      await makeRole(target, "alice");
      await give(given, "alice");
      return { holds: () => holdings(target, "alice") };
    },
    async nameBadly() {
      // A quote, a byte that is no UTF-8, a bidi override. NUL cannot be in a name. Only a database without an encoding
      // lets such a name in; the cluster then has it everywhere.
      await target.run("CREATE DATABASE raw ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0");
      await target.run(
        `SET client_encoding = 'SQL_ASCII';
         DO $$ BEGIN EXECUTE format('ALTER ROLE team_0 RENAME TO %I', E't";''\\xe9\\xe2\\x80\\xae'); END $$`,
        "raw",
      );
    },
    stop: () => target.clean(),
  };
}

/** What a role holds, seen as superuser. */
export async function holdings(target: Target, role: string): Promise<string[]> {
  const rows = await target.run(
    `SELECT 'attributes ' || to_jsonb(r)::text AS what FROM (SELECT rolcanlogin, rolcreatedb FROM pg_roles WHERE rolname = '${role}') r
     UNION ALL SELECT 'member of ' || m.roleid::regrole FROM pg_auth_members m WHERE m.member = '${role}'::regrole
     UNION ALL SELECT 'session ' || pid FROM pg_stat_activity WHERE usename = '${role}' ORDER BY 1`,
  );
  const tables = await target.run(
    `SELECT relname || x.privilege_type AS what FROM pg_class, aclexplode(relacl) x WHERE x.grantee = '${role}'::regrole ORDER BY 1`,
    "app",
  );
  return [...rows, ...tables].map((row) => String(row["what"]));
}

/** Runs a statement as the administrator, so that it is the grantor. */
export async function asAdmin(target: Target, text: string): Promise<void> {
  await target.run(`SET ROLE signoff_admin; ${text}; RESET ROLE`);
}

/** A call as the workflow lends it. */
export const CALL: Call = {
  signal: new AbortController().signal,
  now: () => new Date(),
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

/** The account of a role, found by its name. */
export async function accountOf(system: System, role: string): Promise<Account> {
  const [match] = await system.findAccounts({ ...LEAVER, logins: { postgres: [role] } }, CALL);
  if (!match) throw new Error(`no role ${role}`);
  return match.account;
}

/** Everything that is listed. */
export async function grantsOf(system: System, account: Account): Promise<Grant[]> {
  const grants: Grant[] = [];
  for await (const grant of system.listGrants(account, CALL)) grants.push(grant);
  return grants;
}
