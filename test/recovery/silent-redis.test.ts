import { connectRedis } from "@labelfleet/shared/redis/connection";
import { expect, test } from "vitest";
import { type RedisInterception, RedisProxy } from "../support/redis-proxy.js";
import { startRedis } from "../support/redis-server.js";

test("a connection that went silent is given up, and its commands are sent again over a new one", async () => {
  const server = await startRedis();
  const proxy = await RedisProxy.start(server.port);
  const redis = await connectRedis(proxy.url);
  try {
    let held = 0;
    let release = (_: RedisInterception) => {};
    proxy.intercept = (words) => {
      if (words[0]?.toLowerCase() !== "set" || held++ > 0) return undefined;
      return new Promise<RedisInterception>((resolve) => {
        release = resolve;
      });
    };
    const startedMs = Date.now();
    expect(await redis.set("key", "value")).toBe("OK");
    release("cut");
    expect(held, "times the command was sent").toBe(2);
    expect(Date.now() - startedMs).toBeGreaterThan(10_000);
    expect(await redis.get("key")).toBe("value");
  } finally {
    redis.disconnect();
    await proxy.close();
    await server.stop();
  }
});
