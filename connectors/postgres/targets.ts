import { hex } from "./roles.ts";

// Everything in a database that has an access control list, in one shape:
//   class, ref   which object, by what never changes: oids, and names only where the catalogue has no lasting row
//   shown        for people
//   owner, acl   who gives rights on it by default, and which are given
//   prefix, columns, clause   the pieces of GRANT and REVOKE
// https://www.postgresql.org/docs/current/ddl-priv.html

/** Names one object within its database. */
export interface TargetRef {
  readonly class: string;
  readonly ref: string;
}

interface Source {
  readonly class: string;
  readonly catalog: string;
  readonly ref?: string;
  /** What a reference looks like; digits by default. */
  readonly refs?: RegExp;
  /** FROM clause that yields the object also when its catalogue row went with its last right. */
  readonly rowless?: (ref: string) => string;
  readonly objid?: string;
  readonly subid?: string;
  readonly shown: string;
  readonly owner: string;
  readonly acl: string;
  readonly parent?: string;
  readonly prefix?: string;
  readonly columns?: string;
  readonly clause: string;
  readonly from: string;
}

const SHARED: readonly Source[] = [
  {
    class: "database",
    catalog: "pg_database",
    shown: "o.datname",
    owner: "o.datdba",
    acl: "o.datacl",
    clause: "format('DATABASE %I', o.datname)",
    from: "pg_database o",
  },
  {
    class: "tablespace",
    catalog: "pg_tablespace",
    shown: "o.spcname",
    owner: "o.spcowner",
    acl: "o.spcacl",
    clause: "format('TABLESPACE %I', o.spcname)",
    from: "pg_tablespace o",
  },
  {
    // Its row goes with its last right, so the name is the reference. The bootstrap superuser (oid 10) counts as owner.
    class: "parameter",
    catalog: "pg_parameter_acl",
    ref: "o.parname",
    refs: /^[a-z0-9_.$]+$/,
    rowless: (ref) => `(SELECT a.oid, k.parname, a.paracl FROM (SELECT '${ref}'::text AS parname) k
      LEFT JOIN pg_parameter_acl a USING (parname)) o`,
    shown: "o.parname",
    owner: "10::oid",
    acl: "o.paracl",
    clause: "format('PARAMETER %I', o.parname)",
    from: "pg_parameter_acl o",
  },
];

const RELATION = "pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace";

const LOCAL: readonly Source[] = [
  {
    // Views, materialized views, foreign and partitioned tables among them.
    class: "table",
    catalog: "pg_class",
    shown: "format('%s.%s', n.nspname, o.relname)",
    owner: "o.relowner",
    acl: "o.relacl",
    clause: "format('TABLE %I.%I', n.nspname, o.relname)",
    from: `${RELATION} AND o.relkind <> 'S'`,
  },
  {
    class: "sequence",
    catalog: "pg_class",
    shown: "format('%s.%s', n.nspname, o.relname)",
    owner: "o.relowner",
    acl: "o.relacl",
    clause: "format('SEQUENCE %I.%I', n.nspname, o.relname)",
    from: `${RELATION} AND o.relkind = 'S'`,
  },
  {
    class: "column",
    catalog: "pg_class",
    ref: "o.oid::text || '.' || a.attnum",
    refs: /^\d+\.\d+$/,
    subid: "a.attnum",
    shown: "format('%s.%s.%s', n.nspname, o.relname, a.attname)",
    owner: "o.relowner",
    acl: "a.attacl",
    parent: "o.oid::text",
    columns: "format(' (%I)', a.attname)",
    clause: "format('TABLE %I.%I', n.nspname, o.relname)",
    from: `${RELATION} JOIN pg_attribute a ON a.attrelid = o.oid AND NOT a.attisdropped`,
  },
  {
    class: "schema",
    catalog: "pg_namespace",
    shown: "o.nspname",
    owner: "o.nspowner",
    acl: "o.nspacl",
    clause: "format('SCHEMA %I', o.nspname)",
    from: "pg_namespace o",
  },
  {
    // Procedures and aggregates too. The search path is pg_catalog alone, so regprocedure names the schema.
    class: "function",
    catalog: "pg_proc",
    shown: "o.oid::regprocedure",
    owner: "o.proowner",
    acl: "o.proacl",
    clause: "format('ROUTINE %s', o.oid::regprocedure)",
    from: "pg_proc o",
  },
  {
    class: "type",
    catalog: "pg_type",
    shown: "format('%s.%s', n.nspname, o.typname)",
    owner: "o.typowner",
    acl: "o.typacl",
    clause: "format('TYPE %I.%I', n.nspname, o.typname)",
    from: "pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace",
  },
  {
    class: "language",
    catalog: "pg_language",
    shown: "o.lanname",
    owner: "o.lanowner",
    acl: "o.lanacl",
    clause: "format('LANGUAGE %I', o.lanname)",
    from: "pg_language o",
  },
  {
    class: "foreign-data-wrapper",
    catalog: "pg_foreign_data_wrapper",
    shown: "o.fdwname",
    owner: "o.fdwowner",
    acl: "o.fdwacl",
    clause: "format('FOREIGN DATA WRAPPER %I', o.fdwname)",
    from: "pg_foreign_data_wrapper o",
  },
  {
    class: "foreign-server",
    catalog: "pg_foreign_server",
    shown: "o.srvname",
    owner: "o.srvowner",
    acl: "o.srvacl",
    clause: "format('FOREIGN SERVER %I', o.srvname)",
    from: "pg_foreign_server o",
  },
  {
    class: "large-object",
    catalog: "pg_largeobject",
    shown: "o.oid",
    owner: "o.lomowner",
    acl: "o.lomacl",
    clause: "format('LARGE OBJECT %s', o.oid)",
    from: "pg_largeobject_metadata o",
  },
  {
    // Rights that future objects of a role will give. The row goes with its last right.
    class: "default",
    catalog: "pg_default_acl",
    ref: "o.defaclrole || '.' || o.defaclnamespace || '.' || o.defaclobjtype::text",
    refs: /^\d+\.\d+\.[a-zA-Z]$/,
    rowless: (ref) => {
      const [role, schema, type] = ref.split(".");
      return `(SELECT d.oid, k.*, d.defaclacl
        FROM (SELECT ${role}::oid AS defaclrole, ${schema}::oid AS defaclnamespace, '${type}'::"char" AS defaclobjtype) k
        LEFT JOIN pg_default_acl d USING (defaclrole, defaclnamespace, defaclobjtype)
        WHERE EXISTS (SELECT FROM pg_roles WHERE oid = k.defaclrole)) o
        LEFT JOIN pg_namespace n ON n.oid = o.defaclnamespace`;
    },
    shown: `format('future %s of %s%s', ${objectType("lower")}, pg_get_userbyid(o.defaclrole), ' in ' || n.nspname)`,
    owner: "o.defaclrole",
    acl: "o.defaclacl",
    prefix: `format('ALTER DEFAULT PRIVILEGES FOR ROLE %I ', pg_get_userbyid(o.defaclrole))
      || coalesce('IN SCHEMA ' || quote_ident(n.nspname) || ' ', '')`,
    clause: objectType("upper"),
    from: "pg_default_acl o LEFT JOIN pg_namespace n ON n.oid = o.defaclnamespace",
  },
];

/** SQL of every object of this database that carries rights, or with `shared` of those that all databases share. */
export function targets(scope: "shared" | "local"): string {
  const sources = scope === "shared" ? SHARED : LOCAL;
  return sources.map((source) => `${select(source)} WHERE ${source.acl} IS NOT NULL`).join("\nUNION ALL\n");
}

/** SQL of one object, even when nobody has a right on it any more. Both parts are ours or checked here. */
export function target(of: TargetRef): string {
  const source = [...SHARED, ...LOCAL].find((candidate) => candidate.class === of.class);
  if (source === undefined || !(source.refs ?? /^\d+$/).test(of.ref)) throw new TypeError("no such kind of object");
  const from = source.rowless?.(of.ref) ?? source.from;
  return `${select({ ...source, from })} WHERE (${source.ref ?? "o.oid"})::text = '${of.ref}'`;
}

function select(source: Source): string {
  return `SELECT '${source.class}'::text AS class, (${source.ref ?? "o.oid"})::text AS ref,
    ${hex(source.shown)} AS shown, '${source.catalog}'::text AS catalog, o.oid AS objid,
    ${source.subid ?? "0"}::int AS subid, ${source.parent ?? "NULL::text"} AS parent, ${source.owner} AS owner,
    ${source.acl} AS acl, ${source.prefix ?? "''"}::text AS prefix, ${source.columns ?? "''"}::text AS columns,
    (${source.clause})::text AS clause FROM ${source.from}`;
}

function objectType(form: "lower" | "upper"): string {
  return `${form}(CASE o.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
    WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' WHEN 'L' THEN 'LARGE OBJECTS' END)`;
}
