import type { Message, Rich } from "../message.ts";
import { count, listed, shownAs } from "./words.ts";

/** Who was given a role, and who lost it. */
export interface ChangedRole {
  readonly role: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** To each auditor, when who has which role is not what it was. */
export function rolesMessage(
  roles: readonly ChangedRole[],
  entry: { readonly seq: number; readonly at: Date },
): Message {
  return {
    summary: `Roles changed: ${listed(roles.map(({ role }) => role))}`,
    parts: [
      { kind: "heading", text: "Roles changed" },
      {
        kind: "list",
        items: roles.map(
          ({ role, added, removed }): Rich => [
            { bold: WORDS[role] ?? role },
            ...(added.length > 0 ? [`: ${named(added)} added`] : []),
            ...(removed.length > 0 ? [`${added.length > 0 ? "," : ":"} ${named(removed)} removed`] : []),
          ],
        ),
      },
      {
        kind: "note",
        text: [
          `Entry ${entry.seq}, `,
          { time: entry.at, zone: "UTC" },
          ". By the configuration or by a group in a directory. It changes nothing in cases opened in the 24 hours before.",
        ],
      },
    ],
  };
}

const WORDS: Readonly<Record<string, string>> = {
  requester: "Requesters",
  approver: "Approvers",
  auditor: "Auditors",
  operator: "Operators",
  "restricted-approver": "Approvers of restricted cases",
  restricted: "People whose cases are restricted",
  protected: "Protected people",
};

/** A flood is counted: who it was stands in the log. */
function named(names: readonly string[]): string {
  const few = names.slice(0, 20).map(shownAs);
  return names.length > few.length ? `${few.join(", ")} and ${count(names.length - few.length, "other")}` : listed(few);
}
