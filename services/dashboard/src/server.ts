import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { connectRedis, isServing } from "@labelfleet/shared/redis/connection";
import { warnOfMalformed } from "@labelfleet/shared/redis/malformed";
import { knownLanes } from "@labelfleet/shared/redis/registry";
import { Releasers } from "@labelfleet/shared/releasers";
import { version } from "@labelfleet/shared/version";
import { type FastifyBaseLogger, type FastifyRequest, fastify, LogController } from "fastify";
import { boardCsrf, CsrfGuard } from "./actions/csrf.js";
import { startProducer } from "./actions/producer-process.js";
import { addActionRoutes } from "./actions/routes.js";
import type { Session } from "./api/session.js";
import { guardRequests } from "./guard.js";
import { answerErrors } from "./http/answer-errors.js";
import { listen } from "./http/listen.js";
import { maxConnections, requestLimits } from "./http/request-limits.js";
import { addWebFiles } from "./http/web-files.js";
import { addLabelRoutes } from "./labels/routes.js";
import { LaneQueues } from "./lane-queues.js";
import { EventStreams } from "./live/event-streams.js";
import { SharedPoller } from "./live/shared-poller.js";
import { assertHostAllowed, TokenGate } from "./login/auth.js";
import { clientAddress } from "./login/client-address.js";
import { addLogin } from "./login/login.js";
import { addMetricsRoutes } from "./metrics/routes.js";
import { FolderFactsCache } from "./overview/folder-facts.js";
import { Rates } from "./overview/rates.js";
import { readOverview } from "./overview/read-overview.js";
import { LaneBoard } from "./queues.js";
import { OpenRuns } from "./run/open-runs.js";
import { addRunRoutes } from "./run/routes.js";

export interface DashboardOptions {
  /** Default 127.0.0.1; any other than loopback needs a token. */
  host?: string;
  /** 0 picks a free port. */
  port: number;
  redisUrl: string;
  /** When set, everything but /login, /healthz and /readyz asks for it. */
  token?: string | undefined;
  /** Nothing can be changed over the page, and nothing is written to a run's folder. */
  isReadOnly?: boolean;
  /** Whether jobs can be added, retried and removed over Bull Board. */
  queueActions?: boolean;
  /** The command line's program and first words: what resume and retry start their producer with. */
  command: readonly string[];
  /** Workers that such a producer brings along: where Redis is this machine's own, no others are there. Default 0. */
  localWorkers?: number;
  logger: Logger;
}

const queuesPath = "/queues";
const overviewEveryMs = 2_000;
/** While nobody looks, for the charts of those who will. */
const idleOverviewEveryMs = 10_000;
/** As old as an answer may be that several ask for. */
const freshMs = 1_000;

/**
 * Serves the page, its data under /api, and Bull Board at /queues.
 *
 * @throws USAGE for a host that needs a token, or an address that is taken; REDIS_UNAVAILABLE
 */
export async function startDashboard(options: DashboardOptions): Promise<{ url: string; close(): Promise<void> }> {
  const { logger, redisUrl } = options;
  const host = options.host ?? "127.0.0.1";
  const isReadOnly = options.isReadOnly ?? false;
  const queueActions = options.queueActions === true && !isReadOnly;
  const gate = options.token ? new TokenGate(options.token, { log: (line) => logger.warn(line) }) : null;
  assertHostAllowed(host, gate !== null);

  const releasers = new Releasers();
  const close = () => releasers.releaseAll((name, error) => logger.warn({ err: error }, `closing ${name}`));
  try {
    const redis = await connectRedis(redisUrl);
    releasers.push("redis", () => redis.disconnect());
    warnOfMalformed(redis, (line) => logger.warn(line));
    const queues = new LaneQueues(redisUrl);
    releasers.push("queues", () => queues.close());
    const runs = new OpenRuns({ redis, logger, isReadOnly });
    releasers.push("runs", () => runs.close());
    const assertRedisReady = () => {
      // Our client waits for a lost Redis; a page should say so instead of waiting with it.
      if (redis.status !== "ready") throw Object.assign(new Error("Redis is out of reach"), { statusCode: 503 });
    };
    const onError = (error: unknown) => logger.debug(`not read: ${toLabelfleetError(error).message}`);
    const folders = new FolderFactsCache();
    const sources = { redis, queues, rates: new Rates(), folders };
    const overview = new SharedPoller({
      read: async () => {
        assertRedisReady();
        return readOverview(sources, Date.now());
      },
      everyMs: overviewEveryMs,
      idleEveryMs: idleOverviewEveryMs,
      onError,
    });
    releasers.push("overview", () => overview.stop());

    const loggerInstance: FastifyBaseLogger = logger;
    const logController = new LogController({ disableRequestLogging: true });
    const app = fastify({
      ...requestLimits,
      loggerInstance,
      logController,
      forceCloseConnections: true,
      routerOptions: { maxParamLength: 300 },
    });
    app.server.maxConnections = maxConnections;
    releasers.push("http server", () => app.close());
    const csrf = new CsrfGuard();
    guardRequests(app, { gate, boardPath: queuesPath, isReadOnly, queueActions: queueActions ? csrf : null });
    answerErrors(app);

    const clientOf = (request: FastifyRequest) => gate?.sessionOf(request.headers) ?? clientAddress(request);
    const streams = new EventStreams({
      clientOf,
      isAllowed: (request) => gate === null || gate.admit(request) === "accepted",
    });
    const measuring = addMetricsRoutes(app, {
      overview,
      isReady: () => isServing(redis),
      assertReady: assertRedisReady,
    });
    releasers.push("metrics", () => measuring.stop());
    app.get("/api/session", (): Session => ({ csrfToken: csrf.token, isReadOnly, canLogOut: gate !== null, version }));
    app.get("/api/runs", async (_request, reply) =>
      reply.type("application/json; charset=utf-8").send((await overview.get(freshMs)).json),
    );
    app.get("/api/events", (_request, reply) => streams.serve(reply, overview));
    const pollers = addRunRoutes(app, { runs, redis, overview, streams, onError });
    releasers.push("run pollers", () => pollers.stop());
    addLabelRoutes(app, runs, clientOf);
    addActionRoutes(app, {
      runs,
      csrf,
      around: {
        redis,
        redisUrl,
        startProducer: (words) =>
          startProducer({ command: options.command, redisUrl, env: process.env }, [
            ...words,
            "--workers",
            String(options.localWorkers ?? 0),
          ]),
      },
      onDone: (runId, run) => {
        folders.forget(run);
        runs.indexOf(runId)?.expire();
        overview.refresh();
        pollers.refresh(runId);
      },
    });
    await addWebFiles(app);
    if (gate !== null) addLogin(app, gate);
    const board = new LaneBoard(queues, { basePath: queuesPath, isReadOnly: !queueActions });
    await app.register(
      async (queueRoutes) => {
        queueRoutes.addHook("onRequest", async (_request, reply) => {
          if (queueActions) {
            reply.header("set-cookie", `${boardCsrf.cookie}=${csrf.token}; Path=${queuesPath}; SameSite=Strict`);
          }
          assertRedisReady();
          board.showLanes(await knownLanes(redis));
        });
        queueRoutes.register(board.plugin());
      },
      { prefix: queuesPath },
    );

    return { url: await listen(app, host, options.port), close };
  } catch (error) {
    await close();
    throw error;
  }
}
