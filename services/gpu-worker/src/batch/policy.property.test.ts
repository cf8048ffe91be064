import { expect, test } from "vitest";
import { type BatchLimits, type ModelQueue, nextAction } from "./policy.js";

const patterns = 3_000;
/** Less does not move a clock of floating-point numbers. */
const leastStepMs = 1e-6;
const modelNames = ["a", "b", "c"];

/** Lehmer's generator: in (0, 1), the same on every machine. */
function seededRandom(seed: number): () => number {
  let state = (seed * 1_000_003) % 2_147_483_647;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

interface Sent {
  modelKey: string;
  count: number;
  atMs: number;
}

/** What the policy did with one arrival pattern, and what must never be. */
interface Played {
  sent: Sent[];
  arrived: number;
  largest: Map<string, number>;
  limits: Map<string, BatchLimits>;
  /** The longest that an image waited while a thread was free for it. */
  overdueMs: number;
  /** The most batches that were sent past an image that had waited long enough. */
  overtaken: number;
}

/** Plays one pattern: bursts and pauses of arrivals for several models, threads that take their time, on a simulated clock. */
function play(seed: number): Played {
  const random = seededRandom(seed);
  const int = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const limits = new Map(
    modelNames.map((name) => {
      const one = { maxBatchSize: int(1, 64), maxWaitMs: int(0, 3) * int(0, 20), anySize: random() < 0.5 };
      return [name, one] as const;
    }),
  );
  const burst = int(1, 40);
  const gapMs = int(0, 60);
  const images = int(1, 300);
  const threads = int(1, 3);
  const waiting = new Map<string, number[]>(modelNames.map((name) => [name, []]));
  const free: number[] = Array<number>(threads).fill(0);
  const sent: Sent[] = [];
  let [nowMs, arrived, nextArrivalMs, overdueMs, overtaken] = [0, 0, 0, 0, 0];
  /** Since when each model's head could have gone. */
  const overtakenBy = new Map<string, number>();

  for (;;) {
    while (arrived < images && nextArrivalMs <= nowMs) {
      // One model gets most, so that the others could be starved.
      const name = random() < 0.8 ? "a" : modelNames[int(0, 2)]!;
      waiting.get(name)!.push(nowMs);
      arrived += 1;
      if (random() < 1 / burst) nextArrivalMs = nowMs + gapMs * random();
    }
    let wakeMs = arrived < images ? nextArrivalMs : Number.POSITIVE_INFINITY;
    for (;;) {
      const thread = free.findIndex((freeAtMs) => freeAtMs <= nowMs);
      const queues: ModelQueue[] = modelNames.map((modelKey) => {
        const queue = waiting.get(modelKey)!;
        const oldestWaitMs = nowMs - (queue[0] ?? nowMs);
        return {
          modelKey,
          count: queue.length,
          oldestWaitMs,
          canTake: thread >= 0,
          absence: null,
          limits: limits.get(modelKey)!,
        };
      });
      const action = nextAction(queues);
      if (action?.action === "wait") wakeMs = Math.min(wakeMs, nowMs + Math.max(action.ms, leastStepMs));
      if (action?.action !== "send") break;
      const { modelKey, count } = action;
      for (const { modelKey: other, oldestWaitMs, count: others } of queues) {
        const isDue = others > 0 && oldestWaitMs >= limits.get(other)!.maxWaitMs;
        const times = other === modelKey || !isDue ? 0 : (overtakenBy.get(other) ?? 0) + 1;
        // An older head may go first; a younger one may not.
        const isYounger = oldestWaitMs > queues.find((queue) => queue.modelKey === modelKey)!.oldestWaitMs;
        overtakenBy.set(other, isYounger ? times : 0);
        overtaken = Math.max(overtaken, isYounger ? times : 0);
      }
      waiting.get(modelKey)!.splice(0, count);
      sent.push({ modelKey, count, atMs: nowMs });
      free[thread] = nowMs + 5 + random() * 50;
    }
    if (free.some((freeAtMs) => freeAtMs <= nowMs)) {
      for (const name of modelNames) {
        const head = waiting.get(name)![0];
        if (head !== undefined) overdueMs = Math.max(overdueMs, nowMs - head - limits.get(name)!.maxWaitMs);
      }
    }
    const isWorkLeft = [...waiting.values()].some((queue) => queue.length > 0);
    if (!isWorkLeft && arrived === images) break;
    const busy = free.filter((freeAtMs) => freeAtMs > nowMs);
    const nextMs = Math.min(wakeMs, ...(isWorkLeft ? busy : []));
    if (!Number.isFinite(nextMs)) throw new Error(`seed ${seed}: images wait and nothing will happen`);
    nowMs = Math.max(nowMs, nextMs);
  }
  const largest = new Map(
    modelNames.map((name) => [
      name,
      Math.max(0, ...sent.filter((one) => one.modelKey === name).map(({ count }) => count)),
    ]),
  );
  return { sent, arrived, largest, limits, overdueMs, overtaken };
}

test(`over ${patterns} arrival patterns no batch is above its maximum, no image waits too long, no model is starved`, () => {
  let batches = 0;
  for (let seed = 1; seed <= patterns; seed++) {
    const { sent, arrived, largest, limits, overdueMs, overtaken } = play(seed);
    const where = `seed ${seed}`;
    expect(
      sent.reduce((sum, { count }) => sum + count, 0),
      where,
    ).toBe(arrived);
    for (const [name, { maxBatchSize, anySize }] of limits) {
      expect(largest.get(name), where).toBeLessThanOrEqual(maxBatchSize);
      const sizes = sent.filter(({ modelKey }) => modelKey === name).map(({ count }) => count);
      if (!anySize) {
        expect(
          sizes.every((size) => size === maxBatchSize || Number.isInteger(Math.log2(size))),
          where,
        ).toBe(true);
      }
    }
    expect(overdueMs, where).toBeLessThanOrEqual(2 * leastStepMs);
    expect(overtaken, where).toBe(0);
    batches += sent.length;
  }
  expect(batches).toBeGreaterThan(10 * patterns);
});
