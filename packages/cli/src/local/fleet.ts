import { type ThreadPins, usableCores } from "@labelfleet/gpu-worker/cores";
import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import type { Releasers } from "@labelfleet/shared/releasers";
import { cacheDirOf } from "../cache-dir.js";
import type { CommandContext } from "../command-context.js";
import { sharedRedis } from "../redis-for-command.js";
import { startPrivateRedis } from "./private-redis.js";
import { WorkerProcesses } from "./worker-processes.js";

export interface Fleet {
  redis: Redis;
  redisUrl: string;
  /** Aborts when the local workers cannot be kept alive. */
  failed: AbortSignal;
  /** Resolves when the device that the workers were told to use can be opened. @throws DEVICE_UNAVAILABLE, WORKER_DIED */
  areUsable: Promise<void>;
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
      : await sharedRedis(context, releasers, { logsWarnings: true, lanes: [options.lane] });
  const cores = config.cores ?? usableCores();
  const workers = new WorkerProcesses({
    count: options.workers,
    redisUrl,
    lane: options.lane,
    device: options.device,
    // What was found for this process they need not find, and say, again.
    env: { LABELFLEET_CACHE_DIR: cacheDirOf(context), ...options.env },
    coresPerWorker: Math.max(1, Math.floor(cores / Math.max(1, options.workers))),
    threadPins: options.threadPins ?? config.threadPins,
    graceMs: config.graceMs,
    logger,
    logFormat,
  });
  releasers.push("workers", () => workers.stop());
  // Nothing is to be fed before it is known that the device can be opened.
  const areUsable = options.device === "cuda" && options.workers > 0 ? workers.ready() : Promise.resolve();
  areUsable.catch(() => undefined);
  return { redis, redisUrl, failed: workers.failed, areUsable };
}

/** Waits until the workers can be used. @throws DEVICE_UNAVAILABLE, WORKER_DIED, or the signal's reason */
export async function untilUsable({ areUsable }: Fleet, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener("abort", stop, { once: true });
  await Promise.race([areUsable, stopped]).finally(() => signal.removeEventListener("abort", stop));
  signal.throwIfAborted();
}

async function privateRedis(releasers: Releasers): Promise<{ redis: Redis; redisUrl: string }> {
  const server = await startPrivateRedis();
  releasers.push("private redis-server", () => server.stop());
  const redis = await connectRedis(server.url);
  releasers.push("redis", () => redis.disconnect());
  return { redis, redisUrl: server.url };
}
