import { z } from "zod";
import { Secret } from "../core/secret.ts";
import { isZone } from "../core/zone.ts";

// Every variable of Signoff itself. Connectors name theirs in their option schemas. `.env.example` is made of both.

const text = (about: string) => z.string().optional().meta({ about });
const list = (about: string) =>
  z
    .string()
    .default("")
    .transform((value) => value.split(/[\s,]+/).filter((item) => item !== ""))
    .meta({ about });
const objectId = (about: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "must be an id such as 00000000-0000-0000-0000-000000000000")
    .optional()
    .meta({ about });
const secret = (about: string) =>
  z
    .string()
    .transform((value) => new Secret(value))
    .optional()
    .meta({ about, secret: true });
const databaseUrl = (about: string) =>
  z
    .string()
    .regex(/^postgres(ql)?:\/\/[^:@/?#]+(:[^@]*)?@[^/?#]+\/[^/?#]+/, "must read postgres://ROLE:PASSWORD@HOST/DATABASE")
    .transform((value) => new Secret(value))
    .optional()
    .meta({ about, secret: true });

/** Variables in the order of `.env.example`, parsed. An empty one counts as absent. */
export const Variables = z.object({
  DATABASE_URL: databaseUrl("The database: postgres://ROLE:PASSWORD@HOST/DATABASE, as the role that runs Signoff"),
  DATABASE_OWNER_URL: databaseUrl(
    "The same database as the role that migrates it and owns the log; DATABASE_URL if unset",
  ),
  SIGNOFF_DATABASE: z
    .literal("embedded", "can only be embedded")
    .optional()
    .meta({ about: "The word embedded, to keep a PostgreSQL of our own on this machine instead of DATABASE_URL" }),
  SIGNOFF_DATA_FOLDER: z
    .string()
    .regex(/^\//, "must be an absolute path")
    .optional()
    .meta({ about: "Where the embedded PostgreSQL keeps its data: an absolute path outside this folder" }),
  SIGNOFF_LOG_KEY: secret("The key that signs the audit log: what `npm run -s signoff -- key new` prints"),
  SIGNOFF_CHECKPOINT_FILE: text(
    "Where the newest checkpoint of the log is kept, best on another disk than the database",
  ),
  SIGNOFF_HOST: z.string().default("127.0.0.1").meta({ about: "Address to listen on; 127.0.0.1 if unset" }),
  SIGNOFF_PORT: z
    .string()
    .regex(/^\d{1,5}$/, "must be a port number")
    .transform(Number)
    .refine((port) => port < 65_536, "must be a port number")
    .default(3000)
    .meta({ about: "Port for /slack, /teams, /healthz and /metrics; 3000 if unset, 0 for any that is free" }),
  SLACK_BOT_TOKEN: secret("Slack: the bot token (xoxb-…), from OAuth & Permissions"),
  SLACK_APP_TOKEN: secret(
    "Slack by socket, without a public address: an app-level token (xapp-…) with connections:write",
  ),
  SLACK_SIGNING_SECRET: secret(
    "Slack over HTTP instead: the signing secret; send requests to https://HOST/slack/events",
  ),
  SLACK_API_URL: z
    .url({ protocol: /^https?$/, error: "must be an address that ends in /api/" })
    .regex(/\/api\/$/, "must be an address that ends in /api/")
    .optional()
    .meta({ about: "Slack's address, if it is not https://slack.com/api/" }),
  SIGNOFF_APPROVERS_CHANNEL: z
    .string()
    .regex(/^[A-Z0-9]+$/, "must be a channel's id, such as C0123456789, and not its name")
    .optional()
    .meta({ about: "Id of the private channel where approvers see every case, such as C0123456789" }),
  SIGNOFF_RESTRICTED_CHANNEL: z
    .string()
    .regex(/^[A-Z0-9]+$/, "must be a channel's id, such as C0123456789, and not its name")
    .optional()
    .meta({
      about: "Id of the smaller private channel of restricted cases; each who decides them is told directly if unset",
    }),
  TEAMS_APP_ID: objectId(
    "Teams: the bot's application (client) id; set its messaging endpoint to https://HOST/teams/messages",
  ),
  TEAMS_APP_PASSWORD: secret("Teams: a client secret of that application"),
  TEAMS_TENANT_ID: objectId("Teams: the directory (tenant) id whose people have rights; nobody else has"),
  TEAMS_APPROVERS_CONVERSATION: z
    .string()
    .regex(/^19:\S+@thread\.\S+$/, "must be a conversation's id, such as 19:…@thread.v2")
    .optional()
    .meta({
      about: "Id of the private channel or group chat where approvers see every case: 19:…@thread.v2 or @thread.tacv2",
    }),
  SIGNOFF_REQUESTERS: list(
    "Who may start a case: person ids, e-mails, chat ids or groups by immutable id (group:okta:acme.okta.com:00g1abc), separated by commas",
  ),
  SIGNOFF_APPROVERS: list("Who approves plans: at least three, so that two are left when one asks or leaves"),
  SIGNOFF_AUDITORS: list("Who reads every history and changes nothing"),
  SIGNOFF_OPERATORS: list("Who runs Signoff"),
  SIGNOFF_RESTRICTED_APPROVERS: list("Who alone sees and approves restricted cases"),
  SIGNOFF_RESTRICTED_PEOPLE: list("Whose cases are restricted, such as executives and the security team"),
  SIGNOFF_PROTECTED_PEOPLE: list("Whom only an approver may start a case for, such as executives and who is on call"),
  SIGNOFF_IT_OWNER: text("E-mail of who collects laptops and badges; puts that on every plan"),
  SIGNOFF_ZONE: z.string().refine(isZone, "must be a time zone such as Europe/Berlin").optional().meta({
    about: "Time zone of the digest, and of people whose line in the people file names none, such as Europe/Berlin",
  }),
  SIGNOFF_DIGEST_AT: z
    .string()
    .regex(/^(([01]\d|2[0-3]):[0-5]\d|off)$/, "must be a time such as 09:00, or off")
    .default("09:00")
    .meta({ about: "When the daily digest goes to the approvers, in SIGNOFF_ZONE; 09:00 if unset, off for none" }),
  SIGNOFF_LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"], "must be debug, info, warn, error or silent")
    .default("info")
    .meta({ about: "What is written to the output: debug, info, warn, error or silent; info if unset" }),
  SIGNOFF_POLICY: z
    .string()
    .transform((value, context) => {
      const parsed = parseObject(value);
      if (parsed) return parsed;
      context.addIssue({ code: "custom", message: "is not a JSON object" });
      return z.NEVER;
    })
    .optional()
    .meta({ about: 'Changes to the policy in src/core/policy.ts, as JSON: {"offerDeadlineHours":48}' }),
});
export type Variables = Readonly<z.infer<typeof Variables>>;

/** What a schema's field says of its variable. */
export const VariableMeta = z.object({
  about: z.string(),
  env: z.string().optional(),
  secret: z.boolean().optional(),
});

/** Nothing if it is none: the parser's own words would show the value. */
function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return z.record(z.string(), z.unknown()).safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
