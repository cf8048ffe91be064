import { setTimeout as delay } from "node:timers/promises";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { expect, test } from "vitest";
import { withDeadline } from "./deadline.js";

test("work within its deadline is passed on, value or error", async () => {
  expect(await withDeadline(1_000, async () => 7)).toBe(7);
  const failing = () => Promise.reject(new Error("bad bytes"));
  await expect(withDeadline(1_000, failing)).rejects.toThrow("bad bytes");
});

test("work past its deadline is a DECODE_TIMEOUT, and handed over as late", async () => {
  const late: Promise<unknown>[] = [];
  const working = withDeadline(
    5,
    () => delay(10_000, undefined, { ref: false }),
    (work) => late.push(work),
  );
  await expect(working).rejects.toMatchObject({ code: "DECODE_TIMEOUT" });
  expect(late).toHaveLength(1);
});

test("a decoder that calls time before its time is asked again", async () => {
  let asked = 0;
  const result = await withDeadline(1_000, async () => {
    asked += 1;
    if (asked === 1) throw new LabelfleetError("DECODE_TIMEOUT", "early");
    return asked;
  });
  expect(result).toBe(2);
});
