import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { withDeadline } from "./deadline.js";

test("work within its deadline is passed on, value or error", async () => {
  expect(await withDeadline(1_000, Promise.resolve(7))).toBe(7);
  await expect(withDeadline(1_000, Promise.reject(new Error("bad bytes")))).rejects.toThrow("bad bytes");
});

test("work past its deadline is a DECODE_TIMEOUT", async () => {
  await expect(withDeadline(5, delay(10_000, undefined, { ref: false }))).rejects.toMatchObject({
    code: "DECODE_TIMEOUT",
  });
});
