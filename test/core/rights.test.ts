import { describe, expect, it } from "vitest";
import { type Act, type Asker, mayAct, ROLES, type Role } from "../../src/core/rights.ts";

const on = { leaverId: "leaver", requesterId: "requester" };
const who = (personId: string, roles: readonly Role[], leaving = false): Asker => ({
  personId,
  roles: new Set(roles),
  leaving,
});

const MATRIX: Readonly<Record<Act, readonly Role[]>> = {
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
  "read-history": ["approver", "auditor"],
  "read-case": ["approver", "auditor"],
  recuse: ["approver"],
  "verify-log": ["approver", "auditor", "operator"],
  pause: ["approver", "operator"],
  resume: ["approver", "operator"],
};
const acts = Object.keys(MATRIX) as Act[];

describe("who may do what", () => {
  it.each(acts.flatMap((act) => ROLES.map((role) => ({ act, role }))))("$act as $role", ({ act, role }) => {
    expect(mayAct(who("p", [role]), act, on).allowed).toBe(MATRIX[act].includes(role));
  });

  it.each(acts)("%s is refused without a role", (act) => {
    expect(mayAct(who("p", []), act, on).allowed).toBe(false);
  });

  it.each(acts)("%s is refused on one's own case, with every role", (act) => {
    expect(mayAct(who("leaver", ROLES), act, on)).toMatchObject({
      allowed: false,
      why: "Nobody acts on their own case.",
    });
  });

  it.each(acts)("%s is refused to somebody who is leaving, on any case", (act) => {
    expect(mayAct(who("p", ROLES, true), act, on).allowed).toBe(false);
  });

  it.each(acts)("%s in a restricted case is for who decides those, and for no other approver", (act) => {
    const restricted = { ...on, restricted: true };
    const may = MATRIX[act].includes("approver");
    expect(mayAct(who("p", ["approver"]), act, restricted).allowed).toBe(false);
    expect(mayAct(who("p", ["restricted-approver"]), act, restricted).allowed).toBe(may);
    expect(mayAct(who("p", ["restricted-approver"]), act, on).allowed).toBe(false);
  });

  it.each(acts)("%s is refused to who stepped out of the case", (act) => {
    expect(mayAct(who("p", ROLES), act, { ...on, recused: ["p"] }).allowed).toBe(false);
  });

  it("keeps who asked for a case from approving it, even as an approver", () => {
    expect(mayAct(who("requester", ["approver"]), "decide-plan", on).allowed).toBe(false);
  });

  it("lets who asked for a case follow it, move it, take it back and name accounts, and nothing else", () => {
    const allowed = acts.filter((act) => mayAct(who("requester", []), act, on).allowed);
    expect(allowed).toEqual(["cancel-case", "reschedule-case", "name-account", "read-case"]);
  });

  it("lets the owner of a manual system attest it, unless it is their own case", () => {
    expect(mayAct(who("it", []), "attest-step", on, "it").allowed).toBe(true);
    expect(mayAct(who("it", []), "skip-step", on, "it").allowed).toBe(false);
    expect(mayAct(who("leaver", []), "attest-step", on, "leaver").allowed).toBe(false);
  });
});

describe("an operator at the machine itself", () => {
  const operator = { personId: "olga", roles: new Set(["operator"] as const), leaving: false };
  const here = { ...operator, atTerminal: true };
  const on = { leaverId: "alice", requesterId: "hr" };

  it("starts, shows and takes back what must not wait for a chat, and approves nothing", () => {
    for (const act of ["open-case", "read-case", "cancel-case"] as const) {
      expect(mayAct(here, act, on).allowed, act).toBe(true);
      expect(mayAct(operator, act, on).allowed, act).toBe(false);
    }
    for (const act of ["decide-plan", "attest-step", "skip-step", "undo-case", "read-history"] as const)
      expect(mayAct(here, act, on).allowed, act).toBe(false);
  });

  it("sees no restricted case, no case of their own, and none while they leave", () => {
    expect(mayAct(here, "read-case", { ...on, restricted: true }).allowed).toBe(false);
    expect(mayAct(here, "read-case", { ...on, leaverId: "olga" }).allowed).toBe(false);
    expect(mayAct({ ...here, leaving: true }, "open-case").allowed).toBe(false);
  });
});
