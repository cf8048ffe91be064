import { expect, test } from "vitest";
import { Rates } from "./rates.js";

test("the rate is that of the last 30 seconds", () => {
  const rates = new Rates();
  expect(rates.observe("run", 0, 0)).toBeNull();
  expect(rates.observe("run", 100, 10_000)).toBe(10);
  expect(rates.observe("run", 100, 20_000)).toBe(5);
  expect(rates.observe("run", 400, 35_000)).toBe(12); // since 10 s: 300 images in 25 s
});

test("several viewers at once do not disturb it", () => {
  const rates = new Rates();
  rates.observe("run", 0, 0);
  expect(rates.observe("run", 1, 10)).toBeNull();
  expect(rates.observe("run", 20, 2_000)).toBe(10);
});

test("a run that is no longer shown is forgotten", () => {
  const rates = new Rates();
  rates.observe("run", 0, 0);
  rates.keepOnly(["other"]);
  expect(rates.observe("run", 50, 5_000)).toBeNull();
});
