import { pino } from "pino";
import { z } from "zod";
import type { Log } from "../connectors/connector.ts";
import type { Config } from "./config.ts";
import { rootMessage } from "./core/failure.ts";

/** The app's log: one JSON object a line, without secrets and without the parameters of queries, which name people. */
export function openLog(level: Config["logLevel"], destination?: { write(line: string): void }): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { app: "signoff" },
    redact: { paths: SECRETS, censor: "[redacted]" },
    serializers: { err: describeError },
    formatters: {
      log: (fields) => Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, bare(value)])),
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

const NAMES = ["token", "secret", "password", "key", "authorization", "cookie", "url"];
const SECRETS = ["", "*.", "*.*."].flatMap((above) => NAMES.map((name) => `${above}${name}`));

/** What an error says, without the fields that SDKs hang onto it: those hold requests with their headers. */
function describeError(error: unknown, depth = 0): unknown {
  // The job queue hands on copies of errors, which are plain objects.
  const copied = !(error instanceof Error) && ErrorCopy.safeParse(error).data;
  if (copied) return { ...copied, message: bare(copied.message), stack: placesOf(copied.stack) };
  if (!(error instanceof Error)) return typeof error === "object" ? { type: "no error" } : bare(String(error));
  return {
    type: error.name,
    // Connecting to a name with several addresses fails with each of them, and with no words of its own.
    message: bare(error.message || rootMessage(error)),
    ...("code" in error && typeof error.code === "string" ? { code: error.code } : {}),
    stack: placesOf(error.stack),
    ...(error.cause === undefined || depth > 3 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

const ErrorCopy = z.object({
  message: z.string(),
  code: z.string().optional(),
  stack: z.string().optional(),
  queue: z.string().optional(),
});

function placesOf(stack: string | undefined): string[] | undefined {
  return stack
    ?.split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12);
}

/** drizzle puts a query's parameters behind its text. */
function bare(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/\nparams: [\s\S]*/, "") : value;
}
