// Acme, the invented company that the sandbox is seeded with. No one here exists; `.example` is reserved (RFC 2606).

/** What someone is to Signoff in the sandbox's configuration. */
export type Role = "requester" | "approver" | "auditor";

/** One invented person with the accounts they have. */
export interface Employee {
  /** Immutable id of the invented HR directory. */
  readonly id: string;
  /** Chat handle; also the local part of the e-mail. */
  readonly handle: string;
  readonly name: string;
  readonly title: string;
  /** `id` of the manager. */
  readonly manager?: string;
  /** IANA zone. */
  readonly zone: string;
  readonly github?: string;
  /** Role of the target PostgreSQL. */
  readonly postgres?: string;
  readonly role?: Role;
  readonly guest?: boolean;
}

/** The twelve. Alice has more access than anyone remembers. */
export const EMPLOYEES: readonly Employee[] = [
  {
    id: "E1001",
    handle: "alice",
    name: "Alice Nguyen",
    title: "Staff engineer, payments",
    manager: "E1011",
    zone: "Europe/Berlin",
    github: "alice-nguyen",
    postgres: "alice",
  },
  {
    id: "E1002",
    handle: "hana",
    name: "Hana Park",
    title: "HR",
    manager: "E1011",
    zone: "Europe/Berlin",
    role: "requester",
  },
  {
    id: "E1003",
    handle: "sam",
    name: "Sam Okafor",
    title: "Security lead",
    manager: "E1011",
    zone: "Europe/London",
    github: "sam-okafor",
    role: "approver",
  },
  {
    id: "E1004",
    handle: "ivo",
    name: "Ivo Petrović",
    title: "IT lead",
    manager: "E1011",
    zone: "Europe/Zagreb",
    github: "ivo-petrovic",
    role: "approver",
  },
  { id: "E1005", handle: "noor", name: "Noor Haddad", title: "Auditor", zone: "Europe/Paris", role: "auditor" },
  {
    id: "E1006",
    handle: "bob",
    name: "Bob Lindqvist",
    title: "Engineer, payments",
    manager: "E1011",
    zone: "Europe/Stockholm",
    github: "bob-lindqvist",
    postgres: "bob",
  },
  {
    id: "E1007",
    handle: "carol",
    name: "Carol Mensah",
    title: "Engineer, platform",
    manager: "E1011",
    zone: "America/New_York",
    github: "carol-mensah",
    postgres: "carol",
  },
  {
    id: "E1008",
    handle: "zoe",
    name: "Zoë Müßig",
    title: "Engineer, mobile",
    manager: "E1011",
    zone: "Europe/Vienna",
    github: "zoe-muessig",
  },
  {
    id: "E1009",
    handle: "hanako",
    name: "山田 花子",
    title: "Data engineer",
    manager: "E1011",
    zone: "Asia/Tokyo",
    github: "hanako-yamada",
    postgres: "hanako",
  },
  {
    id: "E1010",
    handle: "lukasz",
    name: "Łukasz Żółć",
    title: "Support",
    manager: "E1011",
    zone: "Europe/Warsaw",
  },
  {
    id: "E1011",
    handle: "mira",
    name: "Mira Castellanos",
    title: "Head of engineering",
    zone: "America/Los_Angeles",
    github: "mira-castellanos",
  },
  {
    id: "E1012",
    handle: "gus",
    name: "Gus Frey",
    title: "Contractor (guest)",
    manager: "E1006",
    zone: "Europe/Berlin",
    guest: true,
  },
];

/** Accounts of the chat that are no people of Acme: Signoff's own bot, another bot, and someone of another company. */
export const SIGNOFF_BOT = { userId: "U0SIGNOFF", botId: "B0SIGNOFF", appId: "A0SIGNOFF", handle: "signoff" } as const;
export const OTHER_BOT = {
  userId: "U0BUILDBOT",
  botId: "B0BUILDBOT",
  appId: "A0BUILDBOT",
  handle: "buildbot",
} as const;
export const OUTSIDER = {
  handle: "erin",
  name: "Erin Wolfe",
  title: "Globex, shared channel",
  team: "T0GLOBEX",
} as const;
export const HOME_TEAM = "T000000001";

/** One channel; `members` are handles, everybody but guests if absent. */
export interface Channel {
  readonly name: string;
  readonly topic: string;
  readonly private?: boolean;
  readonly members?: readonly string[];
  readonly withBot: boolean;
}

/** The approvers' channel is the one where cases are shown. */
export const APPROVERS_CHANNEL = "offboarding-approvals";

export const CHANNELS: readonly Channel[] = [
  { name: "general", topic: "Company-wide announcements and work-based matters", withBot: false },
  {
    name: "payments",
    topic: "The payments team",
    members: ["alice", "bob", "mira", "zoe", "gus", "erin"],
    withBot: false,
  },
  {
    name: APPROVERS_CHANNEL,
    topic: "Plans to approve. What is said here stays here.",
    private: true,
    members: ["sam", "ivo"],
    withBot: true,
  },
];

/** What was said before the visitor came, so that the place does not look abandoned. */
export const CHATTER: readonly { readonly channel: string; readonly by: string; readonly text: string }[] = [
  {
    channel: "general",
    by: "mira",
    text: "Welcome to *Acme*. Everyone here is invented, and so is everything they can reach.",
  },
  { channel: "general", by: "lukasz", text: "Dzień dobry! The new ticket board is live, please have a look." },
  {
    channel: "general",
    by: "hanako",
    text: "おはようございます。Tonight's warehouse load is done: `3,204,118 rows`, no errors.",
  },
  { channel: "general", by: "zoe", text: "Grüße aus Wien. The app’s beta is in the store" },
  {
    channel: "payments",
    by: "alice",
    text: "Refunds are behind the flag now. The pull request is open, reviews welcome.",
  },
  { channel: "payments", by: "bob", text: "I'll look at it after lunch." },
  {
    channel: APPROVERS_CHANNEL,
    by: "sam",
    text: "This channel is for offboarding plans. Two of us approve anything privileged.",
  },
];

/** The e-mail address of a handle. */
export function emailOf(handle: string): string {
  return `${handle}@acme.example`;
}

/** The immutable account id that Atlassian gave an employee in Acme's Jira. */
export function jiraIdOf(handle: string): string {
  const { id = "E0000" } = EMPLOYEES.find((employee) => employee.handle === handle) ?? {};
  return `712020:${id.toLowerCase()}-${handle}`;
}

/** Lists handles that hold a role. */
export function handlesWith(role: Role): string[] {
  return EMPLOYEES.filter((employee) => employee.role === role).map((employee) => employee.handle);
}

/** What an employee's line holds in a column, by handle. */
export type Column = Readonly<Record<string, readonly string[]>>;

/**
 * The file that `signoff import people` reads: one line a person. `columns` are what is known only once the services run:
 * the chat's member ids, key fingerprints. Values are separated by spaces, since a person may have several.
 */
export function peopleCsv(columns: Readonly<Record<string, Column>>): string {
  const head = ["id", "emails", "name", "manager", "zone", "github", "postgres", ...Object.keys(columns)].join(",");
  const lines = EMPLOYEES.map((employee) =>
    [
      employee.id,
      employee.handle === "alice" ? `${emailOf("alice")} alice.nguyen@acme.example` : emailOf(employee.handle),
      employee.name,
      employee.manager ?? "",
      employee.zone,
      employee.github ?? "",
      employee.postgres ?? "",
      ...Object.values(columns).map((column) => (column[employee.handle] ?? []).join(" ")),
    ]
      .map(csvCell)
      .join(","),
  );
  return `${[head, ...lines].join("\n")}\n`;
}

function csvCell(value: string): string {
  return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
