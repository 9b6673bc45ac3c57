import { emailOf, handlesWith } from "./company.ts";

/** What the sandbox knows that the app must be told. */
export interface AppSettings {
  readonly databaseUrl: string;
  readonly databaseOwnerUrl: string;
  readonly logKey: string;
  /** The sandbox's own folder, for the checkpoint and whatever else the app keeps. */
  readonly folder: string;
  readonly port: number;
  readonly slack: {
    readonly botToken: string;
    readonly signingSecret: string;
    readonly apiUrl: string;
    readonly approversChannel: string;
  };
  /** Variables of the systems that there is access to lose in. */
  readonly systems: Readonly<Record<string, string>>;
  /** When the day's digest comes, `14:35` in UTC; never if absent. */
  readonly digestAt?: string;
  /** Other durations than a real installation's. */
  readonly policy?: Readonly<Record<string, unknown>>;
}

/** The sandbox is tried at any hour, and by one person who plays several. */
const ALWAYS_AT_WORK = { workDays: [1, 2, 3, 4, 5, 6, 7], workFrom: "00:00", workUntil: "24:00", offersPerDay: 100 };

/**
 * The app's whole environment. Nothing of ours is handed on but where programs and the home are, so that nothing real can
 * slip in.
 */
export function appEnvironment(settings: AppSettings, ours: Readonly<Record<string, string | undefined>>) {
  const people = (role: Parameters<typeof handlesWith>[0]) => handlesWith(role).map(emailOf).join(",");
  const kept = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "SystemRoot"].flatMap((name) =>
    ours[name] === undefined ? [] : [[name, ours[name]] as const],
  );
  return {
    ...Object.fromEntries(kept),
    XDG_STATE_HOME: settings.folder,
    DATABASE_URL: settings.databaseUrl,
    DATABASE_OWNER_URL: settings.databaseOwnerUrl,
    SIGNOFF_LOG_KEY: settings.logKey,
    SIGNOFF_CHECKPOINT_FILE: `${settings.folder}/checkpoint.txt`,
    SIGNOFF_HOST: "127.0.0.1",
    SIGNOFF_PORT: String(settings.port),
    SIGNOFF_LOG_LEVEL: "warn",
    SIGNOFF_DIGEST_AT: settings.digestAt ?? "off",
    SIGNOFF_POLICY: JSON.stringify({ ...ALWAYS_AT_WORK, ...settings.policy }),
    SIGNOFF_REQUESTERS: people("requester"),
    SIGNOFF_APPROVERS: people("approver"),
    SIGNOFF_AUDITORS: people("auditor"),
    SIGNOFF_IT_OWNER: emailOf("ivo"),
    SIGNOFF_APPROVERS_CHANNEL: settings.slack.approversChannel,
    SLACK_BOT_TOKEN: settings.slack.botToken,
    SLACK_SIGNING_SECRET: settings.slack.signingSecret,
    SLACK_API_URL: settings.slack.apiUrl,
    ...settings.systems,
  };
}
