import { z } from "zod";
import { textOfBytes } from "../connector.ts";

// What the catalogues answer. Every name comes as the hexadecimal form of its bytes, since a database may hold names that
// are no valid UTF-8, and every oid as text.

/** A name, by its bytes. */
export const Name = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .transform((hex) => textOfBytes(Buffer.from(hex, "hex")));
/** An object identifier: unsigned 32 bits. */
export const Oid = z.string().regex(/^\d{1,10}$/);

export const Role = z.object({
  oid: Oid,
  name: Name,
  login: z.boolean(),
  superuser: z.boolean(),
  createrole: z.boolean(),
  createdb: z.boolean(),
  replication: z.boolean(),
  bypassrls: z.boolean(),
  /** Reserved: the bootstrap superuser, the provider's roles, or our own. */
  reserved: z.boolean(),
});
export type Role = Readonly<z.infer<typeof Role>>;

export const Session = z.object({
  pid: z.string().regex(/^\d+$/),
  /** Microseconds since 1970, or `unknown` where our role may not see it. */
  started: z.string().regex(/^(\d+|unknown)$/),
  database: Name.nullable(),
  client: z.string().nullable(),
  backend: z.string().nullable(),
  changed: z.iso.datetime().nullable(),
});
export type Session = Readonly<z.infer<typeof Session>>;

export const Prepared = z.object({ xid: z.string().regex(/^\d+$/), gid: Name, database: Name });
export type Prepared = Readonly<z.infer<typeof Prepared>>;

export const Standby = z.object({ name: Name, client: z.string().nullable() });
export type Standby = Readonly<z.infer<typeof Standby>>;

/** A line of pg_hba.conf or pg_ident.conf that concerns the role. */
export const Line = z.object({
  /** A hash of what it says: its number changes with the lines above it. */
  key: z.string().regex(/^[0-9a-f]{32}$/),
  number: z.number().int(),
  shown: Name,
  /** It names just this role, and not everybody or a group. */
  named: z.boolean(),
});
export type Line = Readonly<z.infer<typeof Line>>;

/** What can be seen of a role's password: never the password, nor its hash. */
export const PasswordState = z.object({
  /** Null where our role may not see whether one is kept. */
  kept: z.boolean().nullable(),
  /** As VALID UNTIL says; null without. `-infinity` is what we leave behind. */
  validUntil: z.string().nullable(),
  expired: z.boolean(),
});
export type PasswordState = Readonly<z.infer<typeof PasswordState>>;

export const Membership = z.object({
  role: Oid,
  name: Name,
  /** The direct membership through which it is held; itself when it is direct. */
  first: Oid,
  first_name: Name,
  /** `0` before version 16, where a membership is granted once. */
  grantor: Oid,
  admin: z.boolean(),
  /** This option and `set` exist since version 16. */
  inherit: z.boolean().nullable(),
  set: z.boolean().nullable(),
  powerful: z.boolean(),
});
export type Membership = Readonly<z.infer<typeof Membership>>;

export const Privilege = z.object({
  class: z.string(),
  ref: z.string(),
  shown: Name,
  catalog: z.string(),
  objid: Oid,
  subid: z.number(),
  /** The table of a column. */
  parent: z.string().nullable(),
  privilege: z.string().regex(/^[A-Z ]+$/),
  grantable: z.boolean(),
  grantor: Oid,
});
export type Privilege = Readonly<z.infer<typeof Privilege>>;

export const Dependency = z.object({
  catalog: z.string(),
  objid: Oid,
  subid: z.number(),
  deptype: z.string(),
  shown: Name,
});
export type Dependency = Readonly<z.infer<typeof Dependency>>;

export const Database = z.object({
  oid: Oid,
  name: Name,
  template: z.boolean(),
  enterable: z.boolean(),
  /** How many objects in it the role owns or has rights on, as the cluster counts them. */
  references: z.number(),
  owned: z.number(),
});
export type Database = Readonly<z.infer<typeof Database>>;

/** One privilege as it is kept to be given back. */
export const Kept = z.array(z.object({ privilege: Privilege.shape.privilege, grantable: z.boolean(), grantor: Oid }));
export type Kept = Readonly<z.infer<typeof Kept>>;
