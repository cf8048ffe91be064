import type { TestRedis } from "../support/fixtures.js";
import { sendRedisCommand } from "../support/redis-server.js";

/** The fixture's view of a Redis that runs elsewhere. */
export function redisClient(host: string, port: number, stopServer: () => Promise<unknown>): TestRedis {
  const command = (...words: string[]) => sendRedisCommand(host, port, words);
  return {
    url: `redis://${host}:${port}`,
    command,
    flushAll: async () => void (await command("FLUSHALL")),
    stop: async () => void (await stopServer()),
  };
}
