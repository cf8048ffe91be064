import { expect, test } from "vitest";
import { decide } from "./policy.js";

const limits = { maxBatchSize: 8, maxWaitMs: 10 };

test("a full batch goes at once, and never more than the maximum", () => {
  expect(decide({ count: 8, oldestWaitMs: 0, canTake: true }, limits)).toEqual({ action: "send", count: 8 });
  expect(decide({ count: 20, oldestWaitMs: 0, canTake: true }, limits)).toEqual({ action: "send", count: 8 });
});

test("a partial batch waits for what is left of its time, then goes", () => {
  expect(decide({ count: 3, oldestWaitMs: 4, canTake: true }, limits)).toEqual({ action: "wait", ms: 6 });
  expect(decide({ count: 3, oldestWaitMs: 10, canTake: true }, limits)).toEqual({ action: "send", count: 3 });
});

test("without waiting time a partial batch goes at once", () => {
  expect(decide({ count: 1, oldestWaitMs: 0, canTake: true }, { maxBatchSize: 4, maxWaitMs: 0 })).toEqual({
    action: "send",
    count: 1,
  });
});

test("nothing happens without images or without a free thread", () => {
  expect(decide({ count: 0, oldestWaitMs: 0, canTake: true }, limits)).toEqual({ action: "idle" });
  expect(decide({ count: 9, oldestWaitMs: 99, canTake: false }, limits)).toEqual({ action: "idle" });
});
