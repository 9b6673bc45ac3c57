import type { Router } from "express";
import type { Log } from "../connectors/connector.ts";
import { slackSurface } from "./chat/slack/index.ts";
import type { ChatSurface } from "./chat/surface.ts";
import type { Conversations } from "./chat/teams/conversations.ts";
import type { ChatConfig } from "./config/chat.ts";
import { ConfigError } from "./config/faults.ts";
import { describeFailure, SystemError } from "./core/failure.ts";
import {
  type ConversationRow,
  findConversation,
  findPersonalConversation,
  forgetConversation,
  saveConversation,
} from "./store/conversations.ts";
import type { Store } from "./store/open.ts";

/** A surface as main.ts runs it. */
export type Surface = ChatSurface & {
  /** Where its vendor sends what happens, if it does so over HTTP. */
  readonly router?: Router;
  healthy(): boolean;
};

export const SURFACE_TITLES: Readonly<Record<ChatSurface["id"], string>> = { slack: "Slack", teams: "Microsoft Teams" };

/** The variable whose value a surface's vendor refuses when it refuses us. */
const CREDENTIALS: Readonly<Record<ChatSurface["id"], string>> = {
  slack: "SLACK_BOT_TOKEN",
  teams: "TEAMS_APP_PASSWORD",
};

/** Every configured surface, Slack first. botbuilder is large: it is loaded only where Teams is configured. */
export async function openSurfaces(
  { slack, teams }: ChatConfig,
  tools: { readonly store: Store; readonly log: Log; readonly now: () => Date },
): Promise<readonly Surface[]> {
  const { log, now, store } = tools;
  const surfaces: Surface[] = slack ? [slackSurface({ ...slack, log, now })] : [];
  if (teams) {
    const { teamsSurface } = await import("./chat/teams/index.ts");
    surfaces.push(teamsSurface({ ...teams, conversations: conversationsIn(store), log, now }));
  }
  return surfaces;
}

/** A credential that its vendor refuses is the configuration's fault, found only by asking. */
export function refusedBy(surface: ChatSurface["id"]): (cause: unknown) => never {
  return (cause) => {
    if (!(cause instanceof SystemError)) throw cause;
    throw new ConfigError([
      { variable: CREDENTIALS[surface], problem: `is refused: ${describeFailure(cause.failure)}` },
    ]);
  };
}

/** What Teams told us of conversations, kept in the database. */
export function conversationsIn(store: Store): Conversations {
  const found = (row: ConversationRow | undefined) =>
    row && {
      id: row.id,
      serviceUrl: row.serviceUrl,
      kind: row.kind,
      ...(row.teamId === null ? {} : { teamId: row.teamId }),
    };
  return {
    find: (id) => store.db.transaction(async (tx) => found(await findConversation(tx, id))),
    findPersonal: (memberId) => store.db.transaction(async (tx) => found(await findPersonalConversation(tx, memberId))),
    save: ({ id, serviceUrl, kind, teamId }, memberId) =>
      store.db.transaction((tx) =>
        saveConversation(tx, { id, serviceUrl, kind, teamId: teamId ?? null, memberId: memberId ?? null }),
      ),
    forget: (id) => store.db.transaction((tx) => forgetConversation(tx, id)),
  };
}
