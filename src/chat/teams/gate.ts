import { type Activity as BotActivity, ConfigurationBotFrameworkAuthentication } from "botbuilder";
import express, { Router } from "express";
import { z } from "zod";
import type { Log } from "../../../connectors/connector.ts";
import { Activity } from "./activity.ts";
import { type Addresses, CONNECTOR_SCOPE, ISSUER } from "./addresses.ts";

interface GateOptions {
  readonly appId: string;
  readonly addresses: Addresses;
  readonly log: Log;
  /** While nobody listens requests are answered 503, and Teams comes again. */
  readonly isOpen: () => boolean;
  /** Answers an invoke; nothing for everything else, which is only acknowledged. */
  readonly onActivity: (activity: Activity) => Promise<unknown>;
}

/** Where below its mount point Teams is told to send what happens. */
const ENDPOINT = "/messages";

/**
 * Receives activities at `POST /messages` of its router, which our one Express app mounts at `/teams`. Each must carry a token
 * of the Bot Connector: signed by its published keys, not run out, for our app, and for the very service URL that the activity
 * names (https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication). There is no mode
 * without.
 */
export function teamsRouter({ appId, addresses, log, isOpen, onActivity }: GateOptions): Router {
  const authentication = authenticationOf(appId, addresses);
  const router = Router();
  router.post(ENDPOINT, (_request, response, next) => {
    if (isOpen()) next();
    else response.status(503).send();
  });
  router.post(ENDPOINT, (request, response, next) => {
    if (issuerOf(request.headers.authorization) === ISSUER) return next();
    // botbuilder would take tokens of its emulator and of other bots as well.
    log.warn({ surface: "teams" }, "a request without a token of the Bot Connector was refused");
    response.status(401).send();
  });
  router.post(ENDPOINT, express.json({ limit: "1mb" }), async (request, response) => {
    const activity = Activity.safeParse(request.body);
    if (!activity.success) {
      const faults = activity.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
      log.warn({ surface: "teams", why: faults.slice(0, 5).join("; ") }, "an activity could not be read");
      response.status(400).send();
      return;
    }
    const { channelId, serviceUrl } = activity.data;
    try {
      const claimed = { channelId, serviceUrl } as BotActivity;
      await authentication.authenticateRequest(claimed, request.headers.authorization ?? "");
    } catch (cause) {
      const ours = isOurs(cause);
      log.warn(
        { surface: "teams", cause: String(cause) },
        ours ? "a token could not be checked" : "a token was refused",
      );
      response.status(ours ? 503 : 401).send();
      return;
    }
    const answer = await onActivity(activity.data);
    if (answer === undefined) response.status(200).send();
    else response.status(200).json(answer);
  });
  return router;
}

function authenticationOf(appId: string, { login, metadata }: Addresses): ConfigurationBotFrameworkAuthentication {
  return new ConfigurationBotFrameworkAuthentication(
    {
      MicrosoftAppId: appId,
      ToChannelFromBotLoginUrl: login,
      ToChannelFromBotOAuthScope: CONNECTOR_SCOPE,
      ToBotFromChannelTokenIssuer: ISSUER,
      ToBotFromChannelOpenIdMetadataUrl: metadata,
      ToBotFromEmulatorOpenIdMetadataUrl: metadata,
      OAuthUrl: "https://api.botframework.com",
      ValidateAuthority: true,
    },
    {
      isValidAppId: async (id) => id === appId,
      isAuthenticationDisabled: async () => false,
      createCredentials: () => Promise.reject(new TypeError("nothing is sent through botbuilder")),
    },
  );
}

const Claims = z.object({ iss: z.string() });

/** The issuer that a token claims, unchecked. */
function issuerOf(header: string | undefined): string | undefined {
  const [, body] = /^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/.exec(header ?? "") ?? [];
  if (body === undefined) return undefined;
  try {
    return Claims.parse(JSON.parse(Buffer.from(body, "base64url").toString())).iss;
  } catch {
    return undefined;
  }
}

const Refusal = z.union([
  z.object({ statusCode: z.literal(401) }),
  z.object({ name: z.enum(["JsonWebTokenError", "NotBeforeError", "TokenExpiredError"]) }),
]);

/** Whether the fault is on our side of the wire, such as keys that could not be fetched: then the token may be good. */
function isOurs(cause: unknown): boolean {
  return !Refusal.safeParse(cause).success;
}
