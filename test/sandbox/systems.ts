import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { type GitHubPeer, startGitHub } from "../peers/github.ts";
import { HAS_SLAPD } from "../peers/slapd.ts";
import { SSH_LACKS } from "../peers/ssh.ts";
import { type Column, EMPLOYEES, jiraIdOf } from "./company.ts";
import { githubSeed } from "./company-github.ts";
import { type CompanyDirectory, startCompanyDirectory } from "./services/directory.ts";
import { type CompanyHosts, startCompanyHosts } from "./services/hosts.ts";
import { openKeyRing } from "./services/keys.ts";
import { type CompanyOkta, startCompanyOkta } from "./services/okta.ts";
import { startTargetDatabase, type TargetDatabase } from "./services/postgres.ts";
import { type CompanyTickets, startCompanyTickets } from "./services/tickets.ts";

/** Acme's systems, running: everything that there is access to lose in. */
export interface Systems {
  readonly github: GitHubPeer;
  readonly okta: CompanyOkta;
  readonly jira: CompanyTickets;
  /** Acme's own database server. */
  readonly target: TargetDatabase;
  /** Real sshds, where the machine can have them. */
  readonly hosts: CompanyHosts | undefined;
  /** A real slapd, where the machine has one. */
  readonly directory: CompanyDirectory | undefined;
  /** What could not be started here, and what it would need; each half a sentence. */
  readonly leftOut: readonly string[];
  /** What the app must be told. */
  readonly variables: Readonly<Record<string, string>>;
  /** Further columns of the people file: the accounts that Acme wrote down. */
  readonly columns: Readonly<Record<string, Column>>;
  stop(): Promise<void>;
}

/** Starts them side by side. What was started is ended again if one fails. */
export async function startSystems(): Promise<Systems> {
  const ends: (() => Promise<unknown>)[] = [];
  const ended = <T extends { stop(): Promise<void> }>(one: T): T => {
    ends.push(() => one.stop());
    return one;
  };
  const stop = async () => {
    await Promise.all(ends.splice(0).map((end) => end()));
  };
  const githubToken = `ghp_${randomBytes(18).toString("hex")}`;
  const keys = openKeyRing();
  try {
    const [github, okta, jira, target, hosts, directory] = await allOf([
      startGitHub({ seed: githubSeed(githubToken), described: false }).then(ended),
      startCompanyOkta().then(ended),
      startCompanyTickets().then(ended),
      startTargetDatabase().then(ended),
      SSH_LACKS === undefined ? startCompanyHosts(keys).then(ended) : undefined,
      HAS_SLAPD ? startCompanyDirectory(keys).then(ended) : undefined,
    ]);
    const closeSession = await openSession(target);
    ends.push(closeSession);
    return {
      github,
      okta,
      jira,
      target,
      hosts,
      directory,
      leftOut: [
        ...(hosts ? [] : [`hosts with sshd, which need ${SSH_LACKS}`]),
        ...(directory ? [] : ["a directory, which needs slapd"]),
      ],
      variables: {
        GITHUB_ORG: "acme",
        GITHUB_TOKEN: githubToken,
        GITHUB_API_URL: github.url,
        POSTGRES_TARGET_NAME: "payments",
        POSTGRES_TARGET_URL: target.adminUrl,
        ...okta.variables,
        ...jira.variables,
        ...hosts?.variables,
        ...directory?.variables,
      },
      columns: {
        // Of Alice no id is known, and the case asks for it.
        jira: Object.fromEntries(
          EMPLOYEES.flatMap(({ guest, handle }) => (guest || handle === "alice" ? [] : [[handle, [jiraIdOf(handle)]]])),
        ),
        ...(hosts ? { ssh: keys.fingerprints() } : {}),
        ...(directory
          ? { ldap: Object.fromEntries(EMPLOYEES.flatMap(({ guest, handle }) => (guest ? [] : [[handle, [handle]]]))) }
          : {}),
      },
      stop,
    };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Waits for all of them, also when one fails, so that whatever started is known and can be ended. */
export async function allOf<T extends readonly unknown[]>(
  starting: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(starting);
  for (const one of settled) if (one.status === "rejected") throw one.reason;
  return Promise.all(starting);
}

/** Alice has left a connection open somewhere, as people do. */
async function openSession(target: TargetDatabase): Promise<() => Promise<void>> {
  const alice = postgres(target.urlOf("alice"), { max: 1, connection: { application_name: "psql" } });
  await alice`select 1`;
  return () => alice.end({ timeout: 1 });
}
