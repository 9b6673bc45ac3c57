import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { startCluster } from "../../peers/cluster.ts";
import { EMPLOYEES } from "../company.ts";

/** Acme's own database server: a second real PostgreSQL, with databases `app` and `analytics`. */
export interface TargetDatabase {
  /** For the connector: a CREATEROLE administrator with the documented rights, no superuser. */
  readonly adminUrl: string;
  /** For tests that look behind the connector's back. */
  readonly superUrl: string;
  /** Logs in as one of Acme's people. */
  urlOf(role: string, database?: "app" | "analytics"): string;
  stop(): Promise<void>;
}

const ADMIN = "signoff_admin";
const GROUPS = ["developers", "payments_admin", "reporting"] as const;

/** Starts it and gives Acme's people, above all Alice, more than they need. Some two seconds. */
export async function startTargetDatabase(options: { readonly binaries?: string } = {}): Promise<TargetDatabase> {
  const cluster = await startCluster(options);
  try {
    const password = randomBytes(18).toString("base64url");
    const people = EMPLOYEES.flatMap((employee) => (employee.postgres ? [employee.postgres] : []));
    for (const database of ["app", "analytics"]) await cluster.createDatabase(database);
    await run(cluster.superUrl, "postgres", [administrator(password), asAdmin(roles(people, password))]);
    // Whoever owns a database owns its schema `public`.
    const owner = (database: string) => `ALTER DATABASE ${database} OWNER TO app_owner`;
    await run(cluster.superUrl, "app", [owner("app"), payments(), asAdmin(appRights())]);
    await run(cluster.superUrl, "analytics", [owner("analytics"), asAdmin(analytics())]);
    const url = (role: string, database: string) =>
      `postgres://${role}:${password}@127.0.0.1:${cluster.port}/${database}`;
    return {
      adminUrl: url(ADMIN, "postgres"),
      superUrl: cluster.superUrl,
      urlOf: (role, database = "app") => url(role, database),
      stop: () => cluster.stop(),
    };
  } catch (cause) {
    await cluster.stop();
    throw cause;
  }
}

/** What connectors/postgres/README.md tells an operator to grant. */
function administrator(password: string): string {
  return `CREATE ROLE ${ADMIN} LOGIN CREATEROLE PASSWORD '${password}';
    GRANT pg_read_all_stats, pg_signal_backend TO ${ADMIN};`;
}

/** Made by the administrator, as in a managed cloud: since version 16 it may manage only what it made itself. */
function roles(people: readonly string[], password: string): string {
  const all = [...GROUPS, "app_owner", ...people];
  return `${all.map((name) => `CREATE ROLE ${name};`).join("\n")}
    ${people.map((name) => `ALTER ROLE ${name} LOGIN PASSWORD '${password}';`).join("\n")}
    ${all.map((name) => membership(name)).join("\n")}
    GRANT developers TO ${people.join(", ")};
    GRANT payments_admin TO alice, bob;
    GRANT reporting TO developers;
    GRANT reporting TO hanako;`;
}

/** Before version 16 a creator is no member of what it creates; since then it may make itself one. */
function membership(name: string): string {
  return `DO $$ BEGIN GRANT ${name} TO ${ADMIN}; EXCEPTION WHEN OTHERS THEN RESET ROLE; GRANT ${name} TO ${ADMIN}; SET ROLE ${ADMIN}; END $$;`;
}

/** Alice's own: a table with rows, a function that runs with her rights, a trigger that calls one. */
function payments(): string {
  return `GRANT CREATE ON SCHEMA public TO alice, bob, payments_admin;
    CREATE TABLE public.payments (id int PRIMARY KEY, amount numeric NOT NULL, paid_at timestamptz);
    INSERT INTO public.payments SELECT n, n * 1.5, now() - n * interval '1 hour' FROM generate_series(1, 240) n;
    CREATE FUNCTION public.refund(payment int) RETURNS void LANGUAGE sql SECURITY DEFINER
      AS 'UPDATE public.payments SET paid_at = NULL WHERE id = payment';
    CREATE FUNCTION public.note_payment() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER note_payment AFTER UPDATE ON public.payments FOR EACH ROW EXECUTE FUNCTION public.note_payment();
    ALTER TABLE public.payments OWNER TO alice;
    ALTER FUNCTION public.refund(int) OWNER TO alice;
    ALTER FUNCTION public.note_payment() OWNER TO alice;
    CREATE TABLE public.customers (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO public.customers SELECT n, 'Customer ' || n FROM generate_series(1, 80) n;
    CREATE SEQUENCE public.invoice_numbers;
    ALTER TABLE public.customers OWNER TO app_owner;
    ALTER SEQUENCE public.invoice_numbers OWNER TO app_owner;`;
}

function appRights(): string {
  return `GRANT SELECT, UPDATE ON public.customers TO alice;
    GRANT SELECT ON public.customers TO developers;
    GRANT USAGE ON SEQUENCE public.invoice_numbers TO alice;
    ALTER DEFAULT PRIVILEGES FOR ROLE app_owner IN SCHEMA public GRANT SELECT ON TABLES TO alice;`;
}

function analytics(): string {
  return `SET ROLE app_owner;
    CREATE TABLE public.daily_revenue (day date PRIMARY KEY, amount numeric NOT NULL);
    INSERT INTO public.daily_revenue SELECT current_date - n, n * 10 FROM generate_series(1, 90) n;
    GRANT SELECT ON public.daily_revenue TO reporting, alice;`;
}

function asAdmin(text: string): string {
  return `SET ROLE ${ADMIN}; ${text}; RESET ROLE`;
}

async function run(superUrl: string, database: string, texts: readonly string[]): Promise<void> {
  const url = new URL(superUrl);
  url.pathname = database;
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  try {
    for (const text of texts) await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}
