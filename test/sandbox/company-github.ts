import type { GitHubSeed } from "../peers/github-seed.ts";
import { EMPLOYEES } from "./company.ts";

/** The account whose token Signoff uses: an owner that is nobody's own. */
const ROBOT = "acme-offboarding";

/** Acme on GitHub. Alice is in it everywhere: teams, repositories given to her by name, open work of every kind. */
export function githubSeed(token: string): GitHubSeed {
  const people = EMPLOYEES.flatMap(({ github, name }) => (github === undefined ? [] : [{ login: github, name }]));
  return {
    org: "acme",
    token,
    tokenOf: ROBOT,
    scopes: ["admin:org", "repo"],
    users: [...people, { login: ROBOT, name: "Acme offboarding" }, { login: "acme-ci", name: "Acme CI", type: "Bot" }],
    members: [
      ...people.map(({ login }) => ({
        login,
        role: OWNERS.includes(login) ? ("admin" as const) : ("member" as const),
      })),
      { login: ROBOT, role: "admin" },
    ],
    teams: [
      {
        name: "engineering",
        members: people.map(({ login }) => ({ login, role: "member" })),
      },
      {
        name: "payments",
        parent: "engineering",
        members: [
          { login: "alice-nguyen", role: "maintainer" },
          { login: "bob-lindqvist", role: "member" },
        ],
      },
      {
        name: "platform",
        parent: "engineering",
        members: [
          { login: "carol-mensah", role: "maintainer" },
          { login: "alice-nguyen", role: "member" },
        ],
      },
    ],
    repos: [
      {
        name: "ledger",
        private: true,
        collaborators: [{ login: "alice-nguyen", permission: "admin" }],
        commits: ["alice-nguyen", "alice-nguyen", "bob-lindqvist", "carol-mensah", "bob-lindqvist"],
        issues: [
          {
            title: "Rounding differs between refund and invoice",
            author: "bob-lindqvist",
            assignees: ["alice-nguyen"],
          },
          {
            title: "Document how settlement files are replayed",
            author: "mira-castellanos",
            assignees: ["alice-nguyen"],
          },
        ],
        pulls: [
          { title: "Put refunds behind a flag", author: "alice-nguyen", reviewers: ["bob-lindqvist"] },
          { title: "Retry settlement uploads", author: "bob-lindqvist", reviewers: ["alice-nguyen"] },
        ],
      },
      {
        name: "infrastructure",
        private: true,
        collaborators: [{ login: "alice-nguyen", permission: "maintain" }],
        commits: ["carol-mensah", "alice-nguyen", "carol-mensah"],
        pulls: [{ title: "Rotate the database certificates", author: "alice-nguyen", draft: true }],
      },
      {
        name: "old-checkout",
        private: true,
        collaborators: [{ login: "alice-nguyen", permission: "push" }],
        commits: ["alice-nguyen"],
      },
      {
        name: "website",
        commits: ["zoe-muessig", "hanako-yamada"],
        issues: [{ title: "The price table is cut off on phones", author: "zoe-muessig", assignees: ["zoe-muessig"] }],
      },
    ],
  };
}

const OWNERS = ["ivo-petrovic", "mira-castellanos"];
