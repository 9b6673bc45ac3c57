import { once } from "node:events";
import { createServer } from "node:http";
import express, { type NextFunction, type Request, type Response, type Router } from "express";
import type { Log } from "../../connectors/connector.ts";
import { ConfigError } from "../config/faults.ts";
import type { Health } from "./health.ts";

/** What is served, by whom it is made. */
export interface Served {
  /** Mounted at `/slack` if Slack reaches us over HTTP. */
  readonly slack?: Router | undefined;
  /** Mounted at `/teams` if Teams is configured. */
  readonly teams?: Router | undefined;
  health(): Promise<Health>;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
  readonly log: Log;
}

export interface HttpServer {
  readonly port: number;
  /** Lets requests under way end, for two seconds at most. */
  stop(): Promise<void>;
}

/** Listens. Throws ConfigError if the address cannot be had. */
export async function startServer(served: Served, at: { host: string; port: number }): Promise<HttpServer> {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  // Slack signs the bytes as they came, so nothing reads bodies before its router.
  if (served.slack) app.use("/slack", served.slack);
  if (served.teams) app.use("/teams", served.teams);
  app.get("/healthz", async (_request, response) => {
    const health = await served.health();
    response.status(health.ok ? 200 : 503).json(health);
  });
  app.get("/metrics", async (_request, response) => {
    response.type("text/plain; version=0.0.4; charset=utf-8").send(await served.metrics());
  });
  app.use((_request: Request, response: Response) => void response.status(404).type("text").send("Not found\n"));
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    served.log.error({ err: error }, "a request failed");
    if (response.headersSent) next(error);
    else response.status(500).type("text").send("Something went wrong\n");
  });
  const server = createServer(app);
  server.listen(at.port, at.host);
  await once(server, "listening").catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "EADDRINUSE" ? "it is taken" : cause.code;
    throw new ConfigError([{ variable: "SIGNOFF_PORT", problem: `${at.port} cannot be had on ${at.host}: ${why}` }]);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : at.port,
    async stop() {
      const closed = new Promise((done) => server.close(done));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), 2000);
      await closed;
      clearTimeout(late);
    },
  };
}
