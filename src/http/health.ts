import { count, sql } from "drizzle-orm";
import { latestCheckpoint } from "../store/log.ts";
import type { Store } from "../store/open.ts";
import { cases, offers, posts, steps } from "../store/schema.ts";

/** What `/healthz` says. `ok` is false where somebody must act: a chat that is away only delays messages. */
export interface Health {
  readonly ok: boolean;
  readonly db: "up" | "down";
  readonly queue: "up" | "down";
  readonly chat: "up" | "down" | "none";
  /** Why nothing is done at all. */
  readonly paused?: string;
}

/** What health is read from. */
export interface Vitals {
  readonly store: Store;
  /** Asks the queue something; rejects if it does not answer. */
  askQueue(): Promise<unknown>;
  /** Nothing if no chat is configured. */
  chatIsUp(): boolean | undefined;
  readonly paused?: string | undefined;
  /** Size of the log that the checkpoint file vouches for. */
  witnessedSize(): number;
}

/** Longest that a probe waits for an answer, in milliseconds. */
const PATIENCE = 3000;

export async function readHealth(vitals: Vitals): Promise<Health> {
  const [db, queue] = await Promise.all([
    answers(vitals.store.ready()),
    vitals.paused === undefined ? answers(vitals.askQueue()) : false,
  ]);
  const chat = vitals.chatIsUp();
  return {
    ok: db && queue && vitals.paused === undefined,
    db: db ? "up" : "down",
    queue: queue ? "up" : "down",
    chat: chat === undefined ? "none" : chat ? "up" : "down",
    ...(vitals.paused === undefined ? {} : { paused: vitals.paused }),
  };
}

/** Counts without names, in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats). */
export async function readMetrics(vitals: Vitals): Promise<string> {
  const { db } = vitals.store;
  const states = await Promise.all([
    db.select({ state: cases.state, n: count() }).from(cases).groupBy(cases.state),
    db.select({ state: steps.state, n: count() }).from(steps).groupBy(steps.state),
    db.select({ state: offers.state, n: count() }).from(offers).groupBy(offers.state),
  ]);
  const [waiting] = await db.select({ n: count() }).from(posts).where(sql`${posts.done} < ${posts.wanted}`);
  const head = await db.transaction((tx) => latestCheckpoint(tx));
  const [inCases = [], inSteps = [], inOffers = []] = states;
  return [
    ...gauge("signoff_cases", "Cases by state", inCases.map(labelled)),
    ...gauge("signoff_steps", "Steps by state", inSteps.map(labelled)),
    ...gauge("signoff_offers", "Offers by state", inOffers.map(labelled)),
    ...gauge("signoff_messages_waiting", "Messages that are not up to date in the chat", [["", waiting?.n ?? 0]]),
    ...gauge("signoff_log_size", "Entries in the audit log", [["", head?.size ?? 0]]),
    ...gauge("signoff_checkpoint_size", "Entries that the checkpoint file vouches for", [["", vitals.witnessedSize()]]),
    ...gauge("signoff_chat_up", "Whether what people do in the chat reaches us", [["", vitals.chatIsUp() ? 1 : 0]]),
    ...gauge("signoff_paused", "Whether nothing is done until somebody looked", [["", vitals.paused ? 1 : 0]]),
    "",
  ].join("\n");
}

type Sample = readonly [labels: string, value: number];

function labelled({ state, n }: { state: string; n: number }): Sample {
  return [`{state="${state.replace(/["\\\n]/g, "_")}"}`, n];
}

function gauge(name: string, help: string, samples: readonly Sample[]): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
}

async function answers(asked: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((done) => {
    timer = setTimeout(() => done(false), PATIENCE);
  });
  const answered = asked.then(
    () => true,
    () => false,
  );
  const result = await Promise.race([answered, late]);
  clearTimeout(timer);
  return result;
}
