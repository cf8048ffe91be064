import { expect, test } from "vitest";
import { Rates } from "./rates.js";

test("the rate is that of the last thirty seconds", () => {
  const rates = new Rates();
  expect(rates.observe("run", 0, 0)).toBeNull();
  expect(rates.observe("run", 100, 10_000)).toBe(10);
  expect(rates.observe("run", 300, 20_000)).toBe(15);
  expect(rates.observe("run", 400, 35_000)).toBe(12); // since 10 s: 300 images in 25 s
});

test("several looks at once do not disturb it", () => {
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

test("earlier rates are kept in steps of ten seconds, and not for ever", () => {
  const rates = new Rates();
  for (let second = 0; second <= 3_000; second += 2) {
    rates.observe("run", second * 5, second * 1_000);
    rates.observeFleet(5, second * 1_000);
  }
  expect(rates.pointsOf("run")).toHaveLength(90);
  expect(new Set(rates.pointsOf("run"))).toEqual(new Set([5]));
  const fleet = rates.observeFleet(5, 3_001_000);
  expect(fleet.atMs).toHaveLength(90);
  expect(fleet.atMs.at(-1)! - fleet.atMs[0]!).toBe(890_000);
});
