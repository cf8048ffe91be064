import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchForLoss } from "./connection.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a Redis that comes back in time is no loss, however often it goes", () => {
  const redis = new EventEmitter();
  const lost = watchForLoss(redis as never, 60_000);
  for (let i = 0; i < 4; i++) {
    redis.emit("close");
    vi.advanceTimersByTime(40_000);
    redis.emit("ready");
    vi.advanceTimersByTime(40_000);
  }
  expect(lost.aborted).toBe(false);
});

test("attempts to reconnect that fail do not put the bound off", () => {
  const redis = new EventEmitter();
  const lost = watchForLoss(redis as never, 60_000);
  for (let i = 0; i < 4; i++) {
    redis.emit("close");
    vi.advanceTimersByTime(20_000);
  }
  expect(lost.reason).toMatchObject({ code: "REDIS_UNAVAILABLE" });
});
