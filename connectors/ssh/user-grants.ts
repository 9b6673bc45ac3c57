import { type Account, type Call, type Grant, type Revoked, SystemError } from "../connector.ts";
import type { Host } from "./connect.ts";
import { done, type Fleet, notesOf, visitAll, visitOne } from "./fleet.ts";
import { grantIdOf, type HeldKind, type Target } from "./grant-id.ts";
import { type KeyFile, readKeyFiles, replaceKeyFile } from "./key-file.ts";
import { parseSudoers } from "./sudoers.ts";
import { shown } from "./survey.ts";
import { type Held, readUserFacts } from "./user-facts.ts";

// A Unix account that is a person's own. Only a rule of sudo that names nobody else is taken by us; for the rest somebody
// has to look what hangs on it, and what they did is read back.

type UserTarget = Extract<Target, { kind: HeldKind }>;
type ReadFile = Extract<KeyFile, { state: "read" }>;

/** How often a file that somebody else writes meanwhile is read again. */
const TRIES = 5;

/** The name in `user:alice`, `undefined` for what is no such id. A name is what useradd takes. */
export function userOf(id: string): string | undefined {
  return /^user:([a-z_][a-z0-9_.-]{0,31})$/i.exec(id)?.[1];
}

/** What the account holds on every host that knows it. */
export async function listUserGrants(fleet: Fleet, account: Account, user: string, call: Call): Promise<Grant[]> {
  const visits = await visitAll(fleet, call, async (host) => ({ id: host.id, facts: await readUserFacts(host, user) }));
  const { blind } = notesOf(fleet, call);
  return done(fleet, call, visits).flatMap(({ id, facts }) => {
    for (const what of facts?.blind ?? []) blind.add(`${id}: ${what}`);
    const grants = (facts?.held ?? []).map((held) => grantOf(fleet, account, user, id, held));
    if (grants.some(({ privileged }) => privileged))
      blind.add(`${id}: whether it is clean, since the person could be root there`);
    return grants;
  });
}

function grantOf(fleet: Fleet, account: Account, user: string, host: string, held: Held): Grant {
  const { kind, key } = held;
  return {
    system: fleet.system,
    account: account.id,
    id: grantIdOf({ kind, host, user, key }),
    kind,
    resource: `${user} on ${host}: ${shown(held.text)}`,
    stage: kind === "processes" ? "sessions" : kind === "unix-account" ? "account" : "memberships",
    after: [],
    outlivesSignOn: true,
    reversible: kind === "processes" || kind === "job" ? "never" : "always",
    privileged: kind === "sudo-rule" || kind === "admin-group",
    secrets: [],
    breaks: held.byHand ? [`it is taken by hand: ${held.byHand}`] : [],
    before: {
      host,
      text: shown(held.text),
      ...(held.path === undefined ? {} : { path: shown(held.path) }),
      ...(held.bytes === undefined
        ? {}
        : { base64: Buffer.from(held.bytes, "latin1").toString("base64"), at: String(held.at ?? 0) }),
    },
  };
}

/** The thing itself as it is now; `undefined` when it is gone. */
export async function findHeld(host: Host, target: UserTarget): Promise<Held | undefined> {
  const facts = await readUserFacts(host, target.user);
  return facts?.held.find(({ kind, key }) => kind === target.kind && key === target.key);
}

/** Takes a rule of sudo that is theirs alone, as whole lines; says what a human has to do for everything else. */
export async function takeFromUser(fleet: Fleet, target: UserTarget, call: Call): Promise<Revoked> {
  if (target.user === fleet.login.user) {
    return { status: "blocked", by: [{ what: "Signoff itself logs in as this account" }] };
  }
  return visitOne(fleet, target.host, call, async (host): Promise<Revoked> => {
    for (let tried = 0; tried < TRIES; tried++) {
      const held = await findHeld(host, target);
      if (!held) return { status: "already-gone" };
      if (held.bytes === undefined || held.path === undefined) {
        return { status: "blocked", by: [{ what: held.byHand ?? "it is taken by hand" }] };
      }
      const file = await getFile(host, held.path);
      const statements = parseSudoers(file.bytes).map(({ bytes }) => bytes);
      const at = statements.indexOf(held.bytes);
      if (at < 0) continue;
      const rest = statements.toSpliced(at, 1).join("");
      if (await replaceRules(host, file, rest)) return { status: "revoked", receipt: "1 rule was removed" };
    }
    throw new SystemError({
      code: "conflict",
      blockers: [`${host.id}: the rules of sudo are written by somebody else`],
    });
  });
}

/** Puts a rule back where it stood, since of several rules the last counts; unless it is there again. */
export async function giveBackRule(fleet: Fleet, target: UserTarget, grant: Grant, call: Call): Promise<void> {
  const { path, base64, at } = grant.before ?? {};
  if (path === undefined || base64 === undefined) return;
  const bytes = Buffer.from(base64, "base64").toString("latin1");
  await visitOne(fleet, target.host, call, async (host) => {
    for (let tried = 0; tried < TRIES; tried++) {
      if (await findHeld(host, target)) return;
      const file = await getFile(host, path);
      const statements = parseSudoers(file.bytes).map((one) => one.bytes);
      const all = statements.toSpliced(Number(at ?? statements.length), 0, bytes);
      const whole = all.map((one, index) => (index < all.length - 1 && !one.endsWith("\n") ? `${one}\n` : one));
      if (await replaceRules(host, file, whole.join(""))) return;
    }
    throw new SystemError({ code: "conflict", blockers: [`${host.id}: ${path} is written by somebody else`] });
  });
}

/** Writes a file of rules that visudo finds right, before and as part of the whole; else everything is as it was. */
async function replaceRules(host: Host, file: ReadFile, bytes: string): Promise<boolean> {
  const sound = async () => (await host.run(`visudo -cq >/dev/null 2>&1; say code "$?"`)).at(-1)?.fields[0] === "0";
  if (!(await sound())) throw refused(host, "visudo finds faults in the rules of sudo: mend them first");
  if ((await replaceKeyFile(host, file, bytes, (path) => `visudo -cqf ${path} >/dev/null 2>&1`)) === "changed")
    return false;
  if (await sound()) return true;
  const now = await getFile(host, file.path);
  await replaceKeyFile(host, now, file.bytes);
  throw refused(host, `without the rule in ${shown(file.path)} visudo finds faults in the rest: it was put back`);
}

async function getFile(host: Host, path: string): Promise<ReadFile> {
  const [file] = await readKeyFiles(host, [path]);
  if (file?.state === "read") return file;
  throw refused(host, `${shown(path)} cannot be read`);
}

function refused(host: Host, reason: string): SystemError {
  return new SystemError({ code: "refused", reason: `${host.id}: ${reason}` });
}
