import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SharedPoller } from "./shared-poller.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function counting(idleEveryMs?: number) {
  let reads = 0;
  const errors: unknown[] = [];
  const poller = new SharedPoller({
    read: async () => ({ n: ++reads }),
    everyMs: 1_000,
    ...(idleEveryMs !== undefined && { idleEveryMs }),
    onError: (error) => errors.push(error),
  });
  return { poller, reads: () => reads };
}

test("however many watch, one reading serves them all", async () => {
  const { poller, reads } = counting();
  const seen: string[][] = [[], []];
  for (const list of seen) poller.subscribe(({ json }) => list.push(json));
  await vi.advanceTimersByTimeAsync(2_500);
  expect(reads()).toBe(3);
  expect(seen[0]).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  expect(seen[1]).toEqual(seen[0]);
  poller.stop();
});

test("when the last one leaves, the reading stops", async () => {
  const { poller, reads } = counting();
  const leave = poller.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(1_500);
  leave();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(reads()).toBeLessThanOrEqual(3);
  poller.stop();
});

test("questions at the same time share an answer, and a fresh one is not asked for again", async () => {
  const { poller, reads } = counting();
  expect(await Promise.all([poller.get(0), poller.get(0)])).toHaveLength(2);
  expect((await poller.get(500)).value).toEqual({ n: 1 });
  expect(reads()).toBe(1);
  poller.stop();
});

test("a reading that fails is told, and the next one is made all the same", async () => {
  let reads = 0;
  const errors: unknown[] = [];
  const poller = new SharedPoller({
    read: async () => {
      if (++reads === 1) throw new Error("away");
      return reads;
    },
    everyMs: 1_000,
    onError: (error) => errors.push(error),
  });
  const seen: number[] = [];
  poller.subscribe(({ value }) => seen.push(value));
  await vi.advanceTimersByTimeAsync(1_500);
  expect(errors).toHaveLength(1);
  expect(seen).toEqual([2]);
  poller.stop();
});
