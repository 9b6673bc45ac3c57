import type { Sandbox } from "../sandbox/sandbox.ts";

/** How many of Alice's grants each of Acme's systems has, to be taken by Signoff. */
const GRANTS = { github: 7, postgres: 10, okta: 16, ssh: 7, ldap: 7 } as const;

/** How many steps Alice's full plan has, without what is done by hand: fewer where the machine lacks sshd or slapd. */
export function expectedSteps({ hosts, directory }: Sandbox): number {
  const { ssh, ldap, ...always } = GRANTS;
  const sum = Object.values(always).reduce((one: number, other) => one + other, 0);
  return sum + (hosts ? ssh : 0) + (directory ? ldap : 0);
}
