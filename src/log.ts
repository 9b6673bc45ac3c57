import { pino } from "pino";
import type { Log } from "../connectors/connector.ts";
import type { Config } from "./config.ts";

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
  if (!(error instanceof Error)) return bare(String(error));
  return {
    type: error.name,
    message: bare(error.message),
    ...("code" in error && typeof error.code === "string" ? { code: error.code } : {}),
    stack: error.stack
      ?.split("\n")
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 12),
    ...(error.cause === undefined || depth > 3 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

/** drizzle puts a query's parameters behind its text. */
function bare(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/\nparams: [\s\S]*/, "") : value;
}
