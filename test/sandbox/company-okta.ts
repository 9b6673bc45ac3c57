import type { OktaSeed } from "../peers/okta.ts";
import { EMPLOYEES, emailOf } from "./company.ts";

/** The organization's host name; nothing answers there, since `.example` is nobody's. */
export const OKTA_DOMAIN = "acme.okta.example";

/** The account whose token Signoff uses: a super administrator that is nobody's own. */
const ROBOT = "signoff.robot@acme.example";

/** Acme on Okta. Everybody signs in with it; Alice once helped out as an administrator, and still is one. */
export function oktaSeed(token: string): OktaSeed {
  const staff = EMPLOYEES.filter(({ guest }) => guest !== true);
  const engineers = staff.filter(({ github }) => github !== undefined).map(({ handle }) => emailOf(handle));
  const alice = emailOf("alice");
  return {
    token,
    tokenOf: ROBOT,
    users: [
      { login: ROBOT, firstName: "Signoff", lastName: "Robot", roles: ["SUPER_ADMIN"] },
      ...staff.map(({ handle, name }) => {
        const [firstName = "", ...rest] = name.split(" ");
        const person = { login: emailOf(handle), firstName, lastName: rest.join(" ") };
        if (handle === "ivo") return { ...person, roles: ["SUPER_ADMIN"], factors: ["webauthn"] };
        if (handle !== "alice") return { ...person, factors: ["push"] };
        return {
          ...person,
          roles: ["APP_ADMIN"],
          factors: ["push", "webauthn"],
          apiTokens: ["ledger group sync"],
          signedIn: ["Acme CLI", "Grafana"],
        };
      }),
    ],
    groups: [
      { name: "Staff", members: staff.map(({ handle }) => emailOf(handle)) },
      { name: "Engineering", members: engineers },
      { name: "Payments on call", members: [alice, emailOf("bob")] },
      { name: "Help desk admins", members: [alice, emailOf("lukasz")], roles: ["HELP_DESK_ADMIN"] },
    ],
    apps: [
      { label: "Mail and calendar", groups: ["Staff"] },
      { label: "Grafana", groups: ["Engineering"] },
      { label: "Pager", groups: ["Payments on call"] },
      { label: "Bank portal", users: [alice, emailOf("mira")] },
    ],
  };
}
