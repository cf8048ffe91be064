import { LabelfleetError } from "@labelfleet/shared/errors";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import { warnOfMalformed } from "@labelfleet/shared/redis/malformed";
import { warningsOf } from "@labelfleet/shared/redis/suitability";
import type { Releasers } from "@labelfleet/shared/releasers";
import type { CommandContext } from "./command-context.js";

/**
 * Connects to the Redis that several machines share. Its warnings are logged where `logsWarnings`: once a run is enough.
 *
 * @throws USAGE when REDIS_URL is unset, REDIS_UNAVAILABLE, REDIS_UNSUITABLE
 */
export async function sharedRedis(
  { config, logger }: CommandContext,
  releasers: Releasers,
  { logsWarnings = false, lanes = [] }: { logsWarnings?: boolean; lanes?: readonly string[] } = {},
): Promise<{ redis: Redis; redisUrl: string }> {
  const { redisUrl } = config;
  if (redisUrl === null) {
    throw noRedisUrl();
  }
  const redis = await connectRedis(redisUrl, lanes);
  releasers.push("redis", () => redis.disconnect());
  warnOfMalformed(redis, (line) => logger.warn(line));
  if (logsWarnings) for (const warning of await warningsOf(redis)) logger.warn(warning);
  return { redis, redisUrl };
}

export function noRedisUrl(): LabelfleetError {
  return new LabelfleetError(
    "USAGE",
    "REDIS_URL is not set: name the Redis that producer and workers share, for example redis://host:6379",
  );
}
