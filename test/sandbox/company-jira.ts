import { EMPLOYEES, emailOf, jiraIdOf } from "./company.ts";
import type { JiraSeed } from "./services/jira.ts";

/** Acme's site; nothing answers there, since `.example` is nobody's. */
export const JIRA_SITE = "acme.jira.example";

/** The account whose token Signoff uses: a site administrator that is nobody's own. */
const ROBOT = { accountId: "712020:signoff-robot", email: "signoff.robot@acme.example" };

/** Acme's tickets. Alice hides her address, as Atlassian lets everybody, and HR never wrote her account's id down. */
export function jiraSeed(credentials: { readonly token: string; readonly orgKey: string }): JiraSeed {
  const staff = EMPLOYEES.filter(({ guest }) => guest !== true);
  const [alice, bob, carol, mira, ivo, lukasz] = ["alice", "bob", "carol", "mira", "ivo", "lukasz"].map(jiraIdOf) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    site: JIRA_SITE,
    ...credentials,
    email: ROBOT.email,
    tokenOf: ROBOT.accountId,
    users: [
      { accountId: ROBOT.accountId, displayName: "Signoff Robot", email: ROBOT.email },
      ...staff.map(({ handle, name }) => ({
        accountId: jiraIdOf(handle),
        displayName: name,
        email: emailOf(handle),
        emailHidden: handle === "alice",
        apiTokens: handle === "alice" ? ["release notes script"] : [],
      })),
    ],
    groups: [
      { name: "jira-users", members: staff.map(({ handle }) => jiraIdOf(handle)) },
      { name: "payments-leads", members: [alice, mira] },
      { name: "jira-administrators", accessType: "admin", members: [alice, ivo] },
    ],
    roles: [{ name: "Developers" }, { name: "Administrators", admin: true }],
    projects: [
      {
        key: "PAY",
        name: "Payments",
        lead: alice,
        actors: { Developers: { users: [alice, bob] }, Administrators: { users: [alice, mira] } },
        components: [
          { name: "Settlement", lead: alice },
          { name: "Refunds", lead: bob },
        ],
        issues: [
          {
            summary: "Refunds above 10,000 are not split",
            assignee: alice,
            reporter: lukasz,
            components: ["Refunds"],
            priority: "High",
            comments: [{ by: bob, text: "Seen again on Monday." }],
            assignedBefore: [bob],
          },
          {
            summary: "Settlement report misses the last day of the month",
            assignee: alice,
            reporter: mira,
            category: "indeterminate",
            components: ["Settlement"],
          },
          { summary: "Rename the sandbox merchant", assignee: alice, category: "done" },
        ],
      },
      {
        key: "OPS",
        name: "Operations",
        lead: carol,
        actors: { Developers: { groups: ["payments-leads"] } },
        issues: [
          {
            summary: "Restore drill for the ledger database",
            assignee: alice,
            reporter: carol,
            comments: [{ by: carol, text: "Due before the audit." }],
          },
        ],
      },
    ],
  };
}
