import { z } from "zod";
import {
  type Account,
  type Call,
  defineConnector,
  type Grant,
  Secret,
  type System,
  type WorkItem,
} from "../connector.ts";
import { restore, revoke } from "./acts.ts";
import { check } from "./check.ts";
import { openCluster } from "./connect.ts";
import { listGrants } from "./grants.ts";
import { readBack } from "./read-back.ts";
import { findAccounts } from "./roles.ts";
import { listWork, reassign, suggestOwners } from "./work.ts";

/** What no login to the database can show, whoever it belongs to. */
const ALWAYS_BLIND = [
  "passwords of database roles that the person knows from applications and connection strings",
  "connections that a pooler opens under another role's name, and jobs that run elsewhere",
];

/** What the URL may say besides host, role and database; anything else would be sent to the server as a setting. */
const PARAMETERS = ["sslmode", "ssl", "sslrootcert", "sslnegotiation"];

/** Roles, sessions, memberships and rights of one PostgreSQL server, in all its databases. */
export const postgres = defineConnector({
  kind: "postgres",
  options: z.object({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, "must be a short name in lower case, such as orders")
      .meta({ env: "POSTGRES_TARGET_NAME", about: "short name of the database server, such as orders" }),
    url: z
      .string()
      .min(1)
      .refine(
        isServerUrl,
        "must be postgres://ROLE:PASSWORD@HOST/DATABASE?sslmode=verify-full, with no other parameter",
      )
      .transform((value) => new Secret(value))
      .meta({
        env: "POSTGRES_TARGET_URL",
        about: "connection URL of an administrator role on that server's primary, not through a pooler",
        secret: true,
      }),
  }),
  connect({ name, url }): System {
    const id = `postgres:${name}`;
    const cluster = openCluster(url);
    // What the last listing of an account could not see. Named without the account: other cases see it too.
    const unseen = new Map<string, readonly string[]>();
    return {
      id,
      title: `PostgreSQL ${name}`,
      connector: "postgres/1",
      // Each call is a connection, and no more are kept back for administrators when the others are used up:
      // superuser_reserved_connections is three.
      limit: { concurrent: 3 },
      get sight() {
        return { kind: "partial" as const, blind: [...new Set([...ALWAYS_BLIND, ...[...unseen.values()].flat()])] };
      },
      check: (call) => check(cluster, call),
      findAccounts: (person, call) => findAccounts(id, cluster, person, call),
      async *listGrants(account: Account, call: Call) {
        const { grants, blind } = await listGrants(cluster, account, call);
        unseen.set(account.id, blind);
        yield* grants;
      },
      revoke: (grant: Grant, call: Call) => revoke(cluster, grant, call),
      readBack: (grant: Grant, call: Call) => readBack(cluster, grant, call),
      restore: (grant: Grant, call: Call) => restore(cluster, grant, call),
      work: {
        async *list(account: Account, call: Call) {
          yield* await listWork(cluster, account, call);
        },
        suggestOwners: (item: WorkItem, call: Call) => suggestOwners(cluster, item, call),
        reassign: (item: WorkItem, to: Account, call: Call) => reassign(cluster, item, to, call),
      },
    };
  },
});

function isServerUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const parameters = [...url.searchParams.keys()];
  return (
    /^postgres(ql)?:$/.test(url.protocol) &&
    url.hostname !== "" &&
    url.username !== "" &&
    parameters.every((parameter) => PARAMETERS.includes(parameter))
  );
}
