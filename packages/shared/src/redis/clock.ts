import type { Redis } from "ioredis";

/**
 * Milliseconds since 1970 by the clock of Redis. Times that one machine writes and another one compares are taken from here,
 * because the clocks of machines differ.
 */
export async function redisNowMs(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
