import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { watchForLoss } from "./connection.js";

test("a Redis that comes back in time is no loss, however often it goes", async () => {
  const redis = new EventEmitter();
  const lost = watchForLoss(redis as never, 60);
  for (let i = 0; i < 4; i++) {
    redis.emit("close");
    await sleep(20);
    redis.emit("ready");
    await sleep(20);
  }
  expect(lost.aborted).toBe(false);
});

test("attempts to reconnect that fail do not put the bound off", async () => {
  const redis = new EventEmitter();
  const lost = watchForLoss(redis as never, 60);
  for (let i = 0; i < 5; i++) {
    redis.emit("close");
    await sleep(20);
  }
  expect(lost.reason).toMatchObject({ code: "REDIS_UNAVAILABLE" });
});
