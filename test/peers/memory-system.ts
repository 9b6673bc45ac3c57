import {
  type Account,
  type Call,
  type Grant,
  type Match,
  type Person,
  type Reading,
  type Revoked,
  type Sight,
  type System,
  SystemError,
  type Taking,
  type WorkItem,
} from "../../connectors/connector.ts";

/** What an in-memory system holds of one account. */
export interface Held {
  readonly account: Account;
  /** Lower-case e-mail by which it is found; without one only its login or id finds it. */
  readonly email?: string;
  grants: Grant[];
  work: WorkItem[];
}

/** How it misbehaves. */
export interface Mood {
  /** Every call fails as unreachable. */
  down: boolean;
  /** Says yes to a revoke and keeps the grant. */
  lies: boolean;
  /** Nothing can be read back. */
  unreadable: boolean;
  /** What the next revokes say instead of acting, first first. */
  answers: (Revoked | SystemError)[];
  /** What came through another grant was given by itself as well, and stays when that one goes. */
  keepsInherited: boolean;
  /** The work stays where it was, and the system says so. */
  refusesWork: boolean;
  /** What it says of who may take work, by account id. */
  taking: Record<string, Taking>;
  /** Work that was closed, by id. */
  readonly closed: string[];
  /** Who is suggested for every piece of work: account id and why. A system that is asked fails if it is an error. */
  suggests: readonly (readonly [string, string])[] | SystemError;
  /** What a move waits for before it happens. */
  reassigns: Promise<void> | undefined;
}

/** A target system in memory that remembers, and lies when told to. */
export interface MemorySystem extends System {
  readonly held: Map<string, Held>;
  readonly mood: Mood;
  /** Grant ids in the order in which revoke was called for them. */
  readonly revoked: string[];
  /** The same for restore. */
  readonly restored: string[];
  /** Adds an account with grants given as shorthand. */
  add(
    account: string,
    options?: { email?: string; grants?: readonly Partial<Grant>[]; work?: readonly string[] },
  ): Held;
}

/** A whole system; `manual` makes it one that a person works by hand. */
export function memorySystem(
  id: string,
  options: { title?: string; sight?: Sight; manual?: { owner: string; dueHours: number } } = {},
): MemorySystem {
  const held = new Map<string, Held>();
  const mood: Mood = {
    down: false,
    lies: false,
    unreadable: false,
    answers: [],
    keepsInherited: false,
    refusesWork: false,
    suggests: [],
    taking: {},
    closed: [],
    reassigns: undefined,
  };
  const revoked: string[] = [];
  const restored: string[] = [];
  const up = () => {
    if (mood.down) throw new SystemError({ code: "unreachable" });
  };
  const of = (account: string) => held.get(account);
  const reading = (state: "present" | "absent", now: Date): Reading => ({
    state,
    readAt: now,
    evidence: { request: `GET ${id}`, answer: JSON.stringify({ state }) },
  });
  return {
    id,
    title: options.title ?? id,
    connector: "memory/1",
    sight: options.sight ?? { kind: "full" },
    ...(options.manual ? { manual: options.manual } : {}),
    held,
    mood,
    revoked,
    restored,
    add(account, { email, grants = [], work = [] } = {}) {
      const one: Held = {
        account: { system: id, id: account, login: `${account}-login`, kind: "human" },
        ...(email === undefined ? {} : { email }),
        grants: grants.map((grant, at) => memoryGrant(id, account, { id: `grant-${at}`, ...grant })),
        work: work.map((title, at) => memoryWork(id, account, `work-${at}`, title)),
      };
      held.set(account, one);
      return one;
    },
    check: () => Promise.resolve([]),
    async findAccounts(person) {
      up();
      return [...held.values()].flatMap((one) => match(id, one, person));
    },
    async *listGrants(account) {
      up();
      yield* of(account.id)?.grants ?? [];
    },
    async revoke(grant, call) {
      up();
      await new Promise((done) => setImmediate(done));
      call.signal.throwIfAborted();
      revoked.push(grant.id);
      const answer = mood.answers.shift();
      if (answer instanceof SystemError) throw answer;
      if (answer) return answer;
      if (options.manual) return { status: "elsewhere", where: `by hand in ${options.title ?? id}` };
      if (mood.lies) return { status: "revoked" };
      const one = of(grant.account);
      const there = one?.grants.some((other) => other.id === grant.id);
      const ends = (other: Grant) => other.id === grant.id || (other.via === grant.id && !mood.keepsInherited);
      if (one) one.grants = one.grants.filter((other) => !ends(other));
      return { status: there ? "revoked" : "already-gone", receipt: `receipt-${revoked.length}` };
    },
    async readBack(grant, call) {
      up();
      await new Promise((done) => setImmediate(done));
      call.signal.throwIfAborted();
      if (mood.unreadable || options.manual) return { state: "unreadable", why: "nothing can read this system" };
      const there = of(grant.account)?.grants.some((other) => other.id === grant.id) === true;
      return reading(there ? "present" : "absent", call.now());
    },
    ...(options.manual
      ? {}
      : {
          async restore(grant: Grant) {
            up();
            await new Promise((done) => setImmediate(done));
            restored.push(grant.id);
            if (!mood.lies) of(grant.account)?.grants.push(grant);
          },
          work: {
            async *list(account) {
              up();
              yield* of(account.id)?.work ?? [];
            },
            suggestOwners: async () => {
              if (mood.suggests instanceof SystemError) throw mood.suggests;
              return mood.suggests.flatMap(([account, why]) => {
                const one = of(account);
                return one ? [{ account: one.account, why }] : [];
              });
            },
            mayTake: async (_, to) => {
              up();
              return mood.taking[to.id] ?? { may: true };
            },
            moveOn: (item, from, to, call) => moveWork({ ...item, account: from.id }, to, call),
            close: {
              kinds: ["pull-request"],
              async end(item, call) {
                up();
                if (mood.lies) return reading("present", call.now());
                for (const one of held.values()) one.work = one.work.filter((other) => other.id !== item.id);
                mood.closed.push(item.id);
                return reading("absent", call.now());
              },
            },
            reassign: (item, to, call) => moveWork(item, to, call),
          },
        }),
  };

  async function moveWork(item: WorkItem, to: Account, call: Call): Promise<Reading> {
    up();
    // As over a network: the answer comes later, and not at all once the call was ended.
    await new Promise((done) => setImmediate(done));
    call.signal.throwIfAborted();
    if (mood.refusesWork) throw new SystemError({ code: "refused", reason: "the new owner has no access" });
    const from = of(item.account);
    const heir = of(to.id);
    if (from) from.work = from.work.filter((other) => other.id !== item.id);
    heir?.work.push({ ...item, account: to.id });
    return reading("present", call.now());
  }
}

/** A harmless grant, but for what is said. */
export function memoryGrant(system: string, account: string, grant: Partial<Grant> = {}): Grant {
  return {
    system,
    account,
    id: "grant",
    kind: "membership",
    resource: grant.id ?? "grant",
    stage: "memberships",
    after: [],
    outlivesSignOn: false,
    reversible: "always",
    privileged: false,
    secrets: [],
    breaks: [],
    ...grant,
  };
}

/** A duty with a link. */
export function memoryWork(system: string, account: string, id: string, title: string): WorkItem {
  return {
    system,
    account,
    id,
    kind: "pull-request",
    title,
    container: "acme/payments",
    url: `https://example.test/${id}`,
    facts: [],
  };
}

function match(system: string, one: Held, person: Person): Match[] {
  const logins = person.logins[system] ?? [];
  if (logins.includes(`id:${one.account.id}`)) return [{ account: one.account, rule: "account-id", why: "by its id" }];
  if (logins.includes(one.account.login)) return [{ account: one.account, rule: "login", why: "by its login" }];
  if (one.email !== undefined && person.emails.includes(one.email))
    return [{ account: one.account, rule: "email", why: "by its e-mail" }];
  return [];
}
