import { expect, test } from "vitest";
import { intervalOf } from "./agreement.js";

test("the interval is Wilson's", () => {
  // Worked example: 10 of 20 gives 29.9 % to 70.1 %.
  const { low, high } = intervalOf({ same: 10, of: 20 });
  expect(low).toBeCloseTo(0.299, 3);
  expect(high).toBeCloseTo(0.701, 3);
});

test("full agreement is not certainty, and no share lies outside of 0 to 1", () => {
  const { low, high } = intervalOf({ same: 100, of: 100 });
  expect(low).toBeCloseTo(0.963, 3);
  expect(high).toBe(1);
  expect(intervalOf({ same: 0, of: 5 }).low).toBe(0);
});
