import { LabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { connectRedis } from "@labelfleet/shared/redis/connection";
import { knownLanes } from "@labelfleet/shared/redis/registry";
import { Releasers } from "@labelfleet/shared/releasers";
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from "fastify";
import { refreshJs, styleCss } from "./assets.js";
import { assertHostAllowed, TokenGate } from "./auth.js";
import { guardRequests } from "./guard.js";
import { addLogin } from "./login.js";
import { LaneBoard } from "./queues.js";
import { Rates } from "./rates.js";
import { readFleet } from "./runs.js";
import { runsPage } from "./runs-page.js";

export interface DashboardOptions {
  /** Default 127.0.0.1; any other than loopback needs a token. */
  host?: string;
  /** 0 picks a free port. */
  port: number;
  redisUrl: string;
  /** When set, everything but /login and /healthz (and the stylesheet) asks for it. */
  token?: string | undefined;
  logger: Logger;
}

const queuesPath = "/queues";

/**
 * Serves the runs at /, as JSON at /api/runs, and Bull Board at /queues.
 *
 * @throws USAGE for a host that needs a token, or an address that is taken; REDIS_UNAVAILABLE
 */
export async function startDashboard(options: DashboardOptions): Promise<{ url: string; close(): Promise<void> }> {
  const host = options.host ?? "127.0.0.1";
  const gate = options.token ? new TokenGate(options.token) : null;
  assertHostAllowed(host, gate !== null);

  const releasers = new Releasers();
  const close = () => releasers.releaseAll((name, error) => options.logger.warn({ err: error }, `closing ${name}`));
  try {
    const redis = await connectRedis(options.redisUrl);
    releasers.push("redis", () => redis.disconnect());
    const board = new LaneBoard(options.redisUrl, queuesPath);
    releasers.push("queues", () => board.close());
    const rates = new Rates();
    const assertRedisReady = () => {
      // Our client waits for a lost Redis; a page should say so instead of waiting with it.
      if (redis.status !== "ready") throw Object.assign(new Error("Redis is out of reach"), { statusCode: 503 });
    };
    const readNow = async () => {
      assertRedisReady();
      return readFleet(redis, rates, Date.now());
    };

    const loggerInstance: FastifyBaseLogger = options.logger;
    const logController = new LogController({ disableRequestLogging: true });
    const app = fastify({ loggerInstance, logController, forceCloseConnections: true });
    releasers.push("http server", () => app.close());
    guardRequests(app, gate, queuesPath);

    app.get("/healthz", async () => {
      assertRedisReady();
      return { ok: true };
    });
    app.get("/style.css", (_request, reply) => reply.type("text/css; charset=utf-8").send(styleCss));
    app.get("/refresh.js", (_request, reply) => reply.type("text/javascript; charset=utf-8").send(refreshJs));
    app.get("/", async (_request, reply) => reply.type("text/html; charset=utf-8").send(runsPage(await readNow())));
    app.get("/api/runs", readNow);
    if (gate !== null) addLogin(app, gate);
    await app.register(
      async (queues) => {
        queues.addHook("onRequest", async () => {
          assertRedisReady();
          board.showLanes(await knownLanes(redis));
        });
        queues.register(board.plugin());
      },
      { prefix: queuesPath },
    );

    return { url: await listen(app, host, options.port), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "ENOTFOUND"].includes(code)) throw error;
    throw new LabelfleetError(
      "USAGE",
      `the dashboard cannot listen on ${host}:${port} (${code}): choose --port or --host`,
      {
        cause: error,
      },
    );
  }
}
