import { randomUUID } from "node:crypto";
import type { Router } from "express";
import type { Log } from "../../../connectors/connector.ts";
import { SystemError } from "../../core/failure.ts";
import type { Secret } from "../../core/secret.ts";
import type { Intent, Member } from "../intent.ts";
import type { ChatSurface, Reply } from "../surface.ts";
import { type Activity, tenantOf } from "./activity.ts";
import { type Addresses, CONNECTOR_SCOPE, PUBLIC_CLOUD } from "./addresses.ts";
import { teamsClient } from "./client.ts";
import type { Conversations } from "./conversations.ts";
import { teamsRouter } from "./gate.ts";
import { installs } from "./installs.ts";
import { readMember, readMemberByEmail } from "./members.ts";
import { perform } from "./perform.ts";
import { type Desk, post, update } from "./posts.ts";
import { readActivity } from "./read.ts";
import { recentOnes } from "./recent.ts";
import { readConversation } from "./rosters.ts";
import { tokensOf } from "./tokens.ts";

export interface TeamsOptions {
  readonly appId: string;
  readonly appPassword: Secret;
  /** The one tenant whose people have rights. */
  readonly tenantId: string;
  readonly conversations: Conversations;
  readonly addresses?: Addresses;
  readonly log: Log;
  readonly now: () => Date;
  readonly fetch?: typeof fetch;
}

export interface TeamsSurface extends ChatSurface {
  /** To be mounted at `/teams`. */
  readonly router: Router;
  /** Whether what people do in Teams reaches us. */
  healthy(): boolean;
}

/** How long stopping waits for what is being done. */
const LAST_WORK_MS = 5000;

type Handle = (intent: Intent, reply: Reply) => Promise<void>;

/** Teams as a place to talk to us. Loading this file loads botbuilder, so only an installation with Teams does. */
export function teamsSurface(options: TeamsOptions): TeamsSurface {
  const { log, now, tenantId, appId, conversations } = options;
  const addresses = options.addresses ?? PUBLIC_CLOUD;
  const fetch = options.fetch ?? globalThis.fetch;
  const { login, graph, service } = addresses;
  const tokens = tokensOf({ appId, appPassword: options.appPassword, tenantId, login, fetch, now });
  const client = teamsClient({ tokens, graph, fetch, now, log });
  const desk: Desk = { client, conversations, appId, tenantId, serviceUrl: service, log };
  const recent = recentOnes(now);
  const noteInstall = installs(desk);
  let handle: Handle | undefined;
  const inHand = new Set<Promise<unknown>>();
  const held = <T>(work: Promise<T>): Promise<T> => {
    inHand.add(work);
    const done = () => void inHand.delete(work);
    work.then(done, done);
    return work;
  };

  /** The account as our tenant has it; one of another tenant is nobody, whatever it calls itself. */
  const whoIs = async (activity: Activity, id: string): Promise<Member> => {
    const ours = tenantOf(activity) === tenantId.toLowerCase() ? await readMember(client, id) : undefined;
    return ours ?? { surface: "teams", id, name: activity.from.name ?? id, kind: "external" };
  };

  const onActivity = async (activity: Activity): Promise<unknown> => {
    await noteInstall(activity);
    const reading = readActivity(activity);
    if (!reading) return undefined;
    const once = recent(reading.requestId, () =>
      held(
        perform({
          desk,
          reading,
          reference: () => randomUUID().slice(0, 8),
          handle,
          whoIs: () => whoIs(activity, reading.memberId),
        }),
      ),
    );
    // Teams waits for what a button did; what was written is only acknowledged, since it sends it again after 15 seconds.
    if (activity.type === "invoke") return once.answer;
    return undefined;
  };

  return {
    id: "teams",
    router: teamsRouter({ appId, addresses, log, isOpen: () => handle !== undefined, onActivity }),
    healthy: () => handle !== undefined,
    async start(given) {
      handle = given;
      await tokens(CONNECTOR_SCOPE).catch((error: unknown) => {
        if (!(error instanceof SystemError) || error.failure.code !== "unreachable") throw error;
        log.warn({ surface: "teams", cause: error.message }, "Microsoft did not answer at start");
      });
    },
    async stop() {
      handle = undefined;
      const late = new Promise((resolve) => setTimeout(resolve, LAST_WORK_MS).unref());
      await Promise.race([Promise.allSettled(inHand), late]);
    },
    post: (to, message) => post(desk, to, message),
    update: (at, message) => update(desk, at, message),
    // The Bot Connector lists no messages. A message whose answer was lost stands twice: the older one shows the current
    // state whenever somebody looks at it, since its card refreshes itself.
    findPost: async () => undefined,
    getMember: (id) => readMember(client, id),
    findMember: (email) => readMemberByEmail(client, email),
    getChannel: (id) => readConversation(desk, id),
  };
}
