import { describe, expect, it } from "vitest";
import { LabelfleetError } from "../errors.js";
import { attemptDeadlineMs, backoffMs, hasStalled, looksPerWindow, readBoundMs, withRetries } from "./retry-policy.js";

const policy = { maxAttempts: 4, baseMs: 100, capMs: 1_000 };

function recorder(random = 0.5) {
  const waits: number[] = [];
  const sleep = async (ms: number) => void waits.push(ms);
  return { waits, effects: { random: () => random, sleep } };
}

describe("backoffMs", () => {
  it("doubles up to the cap, and keeps half of each wait for jitter", () => {
    expect([1, 2, 3, 4, 5, 50].map((failures) => backoffMs(policy, failures, false, 0))).toEqual([
      50, 100, 200, 400, 500, 500,
    ]);
    expect(backoffMs(policy, 2, false, 0.999)).toBeCloseTo(200, 0);
  });

  it("waits longer when the store throttles", () => {
    expect(backoffMs(policy, 1, true, 0)).toBe(200);
  });
});

describe("withRetries", () => {
  it("repeats what may succeed later, then gives up with the last error", async () => {
    const { waits, effects } = recorder();
    let calls = 0;
    const attempt = async () => {
      throw new LabelfleetError("STORE_UNAVAILABLE", `try ${++calls}`);
    };
    await expect(withRetries(policy, effects, undefined, attempt)).rejects.toThrow("try 4");
    expect(waits).toEqual([75, 150, 300]);
  });

  it("does not repeat what will fail again", async () => {
    const { waits, effects } = recorder();
    const attempt = () => Promise.reject(new LabelfleetError("OBJECT_NOT_FOUND", "gone"));
    await expect(withRetries(policy, effects, undefined, attempt)).rejects.toThrow("gone");
    await expect(withRetries(policy, effects, undefined, () => Promise.reject(new TypeError("bug")))).rejects.toThrow(
      "bug",
    );
    expect(waits).toEqual([]);
  });

  it("does not repeat what has used up its time, and counts anew after an attempt that came further", async () => {
    const { waits, effects } = recorder();
    const tooSlow = () => Promise.reject(new LabelfleetError("OBJECT_TOO_SLOW", "slow"));
    await expect(withRetries(policy, effects, undefined, tooSlow)).rejects.toThrow("slow");
    expect(waits).toEqual([]);
    let calls = 0;
    const attempt = () => Promise.reject(new LabelfleetError("STORE_UNAVAILABLE", `try ${++calls}`));
    await expect(withRetries(policy, effects, undefined, attempt, () => calls < 10)).rejects.toThrow("try 12");
  });

  it("ends with the signal's reason, without another attempt", async () => {
    const controller = new AbortController();
    const effects = { random: () => 0, sleep: async () => controller.abort(new Error("stop")) };
    let calls = 0;
    const attempt = () => Promise.reject(new LabelfleetError("STORE_UNAVAILABLE", `try ${++calls}`));
    await expect(withRetries(policy, effects, controller.signal, attempt)).rejects.toThrow("stop");
    expect(calls).toBe(1);
  });
});

it("says that a body has stalled when a whole window brought next to nothing", () => {
  const windowMs = 10_000;
  const steady = Array.from({ length: 9 }, (_, i) => (i + 1) * 1_000_000);
  expect(hasStalled(steady, windowMs)).toBe(false);
  expect(hasStalled(Array(looksPerWindow - 1).fill(0), windowMs)).toBe(false);
  expect(hasStalled(Array(looksPerWindow).fill(0), windowMs)).toBe(true);
  const stopped = [...steady, ...Array(looksPerWindow - 1).fill(9_000_000)];
  expect(hasStalled(stopped, windowMs)).toBe(false);
  expect(hasStalled([...stopped, 9_000_100], windowMs)).toBe(true);
});

it("gives large objects more time in all", () => {
  expect(readBoundMs(300_000, 0)).toBe(300_000);
  expect(readBoundMs(300_000, 100 * 2 ** 20)).toBe(700_000);
});

it("gives large bodies more time", () => {
  expect(attemptDeadlineMs(30_000, 0)).toBe(30_000);
  expect(attemptDeadlineMs(30_000, 64 * 1024 * 60)).toBe(90_000);
});
