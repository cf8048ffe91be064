import { type ThreadPins, usableCores } from "@labelfleet/gpu-worker/cores";
import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import type { Releasers } from "@labelfleet/shared/releasers";
import type { CommandContext } from "../command-context.js";
import { sharedRedis } from "../redis-for-command.js";
import { startPrivateRedis } from "./private-redis.js";
import { WorkerProcesses } from "./worker-processes.js";

export interface Fleet {
  redis: Redis;
  redisUrl: string;
  /** Aborts when the local workers cannot be kept alive. */
  failed: AbortSignal;
}

/**
 * Redis (the shared one, or a private one when REDIS_URL is unset) and the local workers, which share the cores.
 *
 * @throws USAGE when nobody could work, REDIS_SERVER_MISSING, REDIS_UNAVAILABLE, REDIS_UNSUITABLE
 */
export async function startFleet(
  context: CommandContext,
  releasers: Releasers,
  options: {
    workers: number;
    lane: string;
    device: DeviceChoice;
    env?: Record<string, string>;
    /** Unset: as the environment says. */
    threadPins?: ThreadPins;
  },
): Promise<Fleet> {
  const { config, logger, logFormat } = context;
  if (config.redisUrl === null && options.workers === 0) {
    throw new LabelfleetError("USAGE", "--workers 0 needs workers elsewhere: set REDIS_URL to the Redis that they use");
  }
  const { redis, redisUrl } =
    config.redisUrl === null
      ? await privateRedis(releasers)
      : await sharedRedis(context, releasers, { logsWarnings: true });
  const cores = config.cores ?? usableCores();
  const workers = new WorkerProcesses({
    count: options.workers,
    redisUrl,
    lane: options.lane,
    device: options.device,
    env: options.env ?? {},
    coresPerWorker: Math.max(1, Math.floor(cores / Math.max(1, options.workers))),
    threadPins: options.threadPins ?? config.threadPins,
    graceMs: config.graceMs,
    logger,
    logFormat,
  });
  releasers.push("workers", () => workers.stop());
  return { redis, redisUrl, failed: workers.failed };
}

async function privateRedis(releasers: Releasers): Promise<{ redis: Redis; redisUrl: string }> {
  const server = await startPrivateRedis();
  releasers.push("private redis-server", () => server.stop());
  const redis = await connectRedis(server.url);
  releasers.push("redis", () => redis.disconnect());
  return { redis, redisUrl: server.url };
}
