/** What the configuration says of a person, after ids and e-mails were looked up. */
export const ROLES = ["requester", "approver", "auditor", "operator", "restricted-approver"] as const;
export type Role = (typeof ROLES)[number];

/** What the configuration says of people who may leave: their cases are restricted, or take a second requester. */
export const MARKS = ["restricted", "protected"] as const;
export type Mark = (typeof MARKS)[number];

/** Every list of people in the configuration. */
export const LISTS = [...ROLES, ...MARKS] as const;
/** Names by list: person ids, e-mails, chat account ids, groups. */
export type Lists = Readonly<Record<Role | Mark, readonly string[]>>;

/** Who asks: a person with their roles. An account without a person never gets this far. */
export interface Asker {
  readonly personId: string;
  readonly roles: ReadonlySet<Role>;
  /**
   * They ask on the machine that Signoff runs on. Whoever can do that holds the database and the credentials anyhow, so an
   * operator may there start what must not wait for a chat. Approving is not among it.
   */
  readonly atTerminal?: boolean;
  /** A leaver loses every right the moment their case opens. */
  readonly leaving: boolean;
}

/** The case that is asked about, as far as rights depend on it. */
export interface CaseFacts {
  readonly leaverId: string;
  readonly requesterId: string;
  /** Fewer people see and decide it. */
  readonly restricted?: boolean;
  /** Who stepped out of it, since they are too close to it. */
  readonly recused?: readonly string[];
}

export type Act =
  | "open-case"
  | "decide-plan"
  | "keep-grant"
  | "settle-break"
  | "cancel-case"
  | "reschedule-case"
  | "undo-case"
  | "retry-read"
  | "name-account"
  | "retry-step"
  | "attest-step"
  | "skip-step"
  | "read-history"
  | "read-case"
  /** Stepping out of a case. */
  | "recuse"
  | "verify-log"
  /** Stops every act of every replica. Lifting it takes somebody else. */
  | "pause"
  | "resume";

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly why: string };

const MAY: Readonly<Record<Act, readonly Role[]>> = {
  "open-case": ["requester", "approver"],
  "decide-plan": ["approver"],
  "keep-grant": ["approver"],
  "settle-break": ["approver"],
  "cancel-case": ["approver"],
  "reschedule-case": ["approver"],
  "undo-case": ["approver"],
  "retry-read": ["approver"],
  "name-account": ["approver"],
  "retry-step": ["approver"],
  "attest-step": ["approver"],
  "skip-step": ["approver"],
  "read-history": ["approver", "auditor", "restricted-approver"],
  "read-case": ["approver", "auditor", "restricted-approver"],
  recuse: ["approver"],
  // An operator keeps Signoff running and learns of no case: these name nobody.
  "verify-log": ["approver", "auditor", "operator"],
  pause: ["approver", "operator"],
  resume: ["approver", "operator"],
};

/** What an operator may besides, at the machine itself. */
const AT_TERMINAL: readonly Act[] = ["open-case", "cancel-case", "read-case"];

/**
 * Who may do what. `on` is the case, `owner` the person a step was given to by hand (they may attest it).
 * Nobody touches their own case, and who asked for it does not approve it.
 */
export function mayAct(who: Asker, act: Act, on?: CaseFacts, owner?: string): Verdict {
  if (on && on.leaverId === who.personId) return no("Nobody acts on their own case.");
  if (on?.recused?.includes(who.personId)) return no("You stepped out of this case.");
  if (who.leaving) return no("Your own access is being reviewed, so this is for somebody else.");
  if (act === "attest-step" && owner !== undefined && owner === who.personId) return { allowed: true };
  // Who opened a case follows it, may move it or take it back, and knows which accounts the person has.
  if (["read-case", "cancel-case", "reschedule-case", "name-account"].includes(act) && on?.requesterId === who.personId)
    return { allowed: true };
  const operates = who.atTerminal && !on?.restricted && who.roles.has("operator");
  if (operates && AT_TERMINAL.includes(act)) return { allowed: true };
  const roles = rolesFor(act, on);
  if (!roles.some((role) => who.roles.has(role))) return no(`This needs the role ${roles.join(" or ")}.`);
  if (act === "decide-plan" && on?.requesterId === who.personId) {
    return no("Who asked for a case does not approve it: this is for another approver.");
  }
  return { allowed: true };
}

/** In a restricted case those approve who were chosen for it, and no other approver; they have no say in any other. */
function rolesFor(act: Act, on?: CaseFacts): readonly Role[] {
  if (!on) return MAY[act];
  const roles = MAY[act].filter((role) => role !== "restricted-approver");
  return on.restricted ? roles.map((role) => (role === "approver" ? "restricted-approver" : role)) : roles;
}

/** Whose case this is to approve. */
export function approverRole(on: Pick<CaseFacts, "restricted">): Role {
  return on.restricted ? "restricted-approver" : "approver";
}

function no(why: string): Verdict {
  return { allowed: false, why };
}
