import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { expect, test } from "vitest";
import { RecordKeeper } from "./record-keeper.js";

function record(key: string, status: "ok" | "failed", retryable: boolean | null, errorCode?: string): Prediction {
  return { key, status, retryable, modelId: "m", errorCode: errorCode ?? null } as Prediction;
}

test("final records are kept for the next attempt, retryable failures are not", () => {
  const keeper = new RecordKeeper();
  keeper.keepFinal("b1", [record("a", "ok", null), record("b", "failed", true), record("c", "failed", false)]);
  expect(keeper.find("b1", "a", "m")?.status).toBe("ok");
  expect(keeper.find("b1", "b", "m")).toBeUndefined();
  expect(keeper.find("b1", "c", "m")?.status).toBe("failed");
  expect(keeper.find("b1", "a", "other-model")).toBeUndefined();
  keeper.forget("b1");
  expect(keeper.find("b1", "a", "m")).toBeUndefined();
});

test("an object that has used up its time is not read again by the next attempt", () => {
  const keeper = new RecordKeeper();
  keeper.keepFinal("b1", [
    record("a", "failed", true, "OBJECT_TOO_SLOW"),
    record("b", "failed", true, "STORE_TIMEOUT"),
  ]);
  expect(keeper.find("b1", "a", "m")?.errorCode).toBe("OBJECT_TOO_SLOW");
  expect(keeper.find("b1", "b", "m")).toBeUndefined();
  keeper.addRead("b1", "b", 100_000);
  keeper.addRead("b1", "b", 50_000);
  expect([keeper.readMs("b1", "b"), keeper.readMs("b1", "a"), keeper.readMs("b2", "b")]).toEqual([150_000, 0, 0]);
  keeper.forget("b1");
  expect(keeper.readMs("b1", "b")).toBe(0);
});

test("records come together over several calls", () => {
  const keeper = new RecordKeeper();
  keeper.keep("b1", [record("a", "failed", true)]);
  keeper.keepFinal("b1", [record("b", "ok", null)]);
  expect(keeper.find("b1", "a", "m")?.status).toBe("failed");
  expect(keeper.find("b1", "b", "m")?.status).toBe("ok");
});

test("only so many batches are kept, the newest", () => {
  const keeper = new RecordKeeper();
  for (let i = 0; i < 100; i++) keeper.keep(`b${i}`, [record("a", "ok", null)]);
  expect(keeper.find("b0", "a", "m")).toBeUndefined();
  expect(keeper.find("b99", "a", "m")).toBeDefined();
});
