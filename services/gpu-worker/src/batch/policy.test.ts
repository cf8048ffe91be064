import { expect, test } from "vitest";
import { decide, nextAction } from "./policy.js";

const limits = { maxBatchSize: 8, maxWaitMs: 10, anySize: true };

test("a full batch goes at once, and never more than the maximum", () => {
  expect(decide({ count: 8, oldestWaitMs: 0, canTake: true, absence: null }, limits)).toEqual({
    action: "send",
    count: 8,
  });
  expect(decide({ count: 20, oldestWaitMs: 0, canTake: true, absence: null }, limits)).toEqual({
    action: "send",
    count: 8,
  });
});

test("a partial batch waits for what is left of its time, then goes", () => {
  expect(decide({ count: 3, oldestWaitMs: 4, canTake: true, absence: null }, limits)).toEqual({
    action: "wait",
    ms: 6,
  });
  expect(decide({ count: 3, oldestWaitMs: 10, canTake: true, absence: null }, limits)).toEqual({
    action: "send",
    count: 3,
  });
});

test("without waiting time a partial batch goes at once", () => {
  expect(
    decide(
      { count: 1, oldestWaitMs: 0, canTake: true, absence: null },
      { maxBatchSize: 4, maxWaitMs: 0, anySize: true },
    ),
  ).toEqual({
    action: "send",
    count: 1,
  });
});

test("nothing happens without images or without a free thread", () => {
  expect(decide({ count: 0, oldestWaitMs: 0, canTake: true, absence: null }, limits)).toEqual({ action: "idle" });
  expect(decide({ count: 9, oldestWaitMs: 99, canTake: false, absence: null }, limits)).toEqual({ action: "idle" });
});

test("where sizes are few, a partial batch is cut down to one of them", () => {
  const few = { ...limits, maxBatchSize: 48, anySize: false };
  const sent = (count: number) => decide({ count, oldestWaitMs: 10, canTake: true, absence: null }, few);
  expect([1, 7, 40, 50].map((count) => sent(count))).toEqual(
    [1, 4, 32, 48].map((count) => ({ action: "send", count })),
  );
});

test("a model that is not loaded is brought when its images waited long enough, or when there are as many as there can be", () => {
  const absence = { maxWaitMs: 500, maxImages: 64, turnMs: 80 };
  const away = (count: number, oldestWaitMs: number, othersWork = false) =>
    decide({ count, oldestWaitMs, canTake: false, absence }, limits, othersWork);
  expect(away(63, 499)).toEqual({ action: "wait", ms: 1 });
  expect(away(63, 500)).toEqual({ action: "bring" });
  expect(away(64, 0)).toEqual({ action: "bring" });
  // While images wait for those that are loaded, their turn comes first.
  expect(away(63, 500, true)).toEqual({ action: "wait", ms: 80 });
  expect(away(64, 0, true)).toEqual({ action: "wait", ms: 80 });
  expect(away(0, 0)).toEqual({ action: "idle" });
});

const queue = (modelKey: string, count: number, oldestWaitMs: number) => ({
  ...{ modelKey, count, oldestWaitMs, limits },
  ...{ canTake: true, absence: null },
});

test("of several models the one that waits longest is asked first, and the shortest wait counts", () => {
  expect(nextAction([queue("a", 8, 3), queue("b", 8, 5)])).toEqual({ action: "send", count: 8, modelKey: "b" });
  expect(nextAction([queue("a", 8, 3), queue("b", 2, 5)])).toEqual({ action: "send", count: 8, modelKey: "a" });
  expect(nextAction([queue("a", 2, 3), queue("b", 2, 5)])).toEqual({ action: "wait", ms: 5, modelKey: "b" });
  expect(nextAction([queue("a", 0, 0)])).toBeNull();
});
