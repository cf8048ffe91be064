import { simulatedDeviceSchema } from "@labelfleet/shared/simulated-device";
import { expect, test } from "vitest";
import { simulatedCallMs, simulatedJitter } from "./simulated-timing.js";

const device = (fields: Record<string, number>) => simulatedDeviceSchema.parse({ launchMs: 10, imageMs: 1, ...fields });

test("a call costs its launch and its images", () => {
  expect([1, 32].map((n) => simulatedCallMs(device({}), n))).toEqual([11, 42]);
});

test("a wave costs the same, full or not", () => {
  const waves = device({ waveImages: 24 });
  expect([1, 24, 25].map((n) => simulatedCallMs(waves, n))).toEqual([34, 34, 58]);
});

test("a crowd is slower than its images", () => {
  const crowd = device({ crowdImages: 16, crowdMs: 2 });
  expect([16, 18].map((n) => simulatedCallMs(crowd, n))).toEqual([26, 32]);
});

test("noise has the mean of one and the deviation that the device says", () => {
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const drawn = Array.from({ length: 4_000 }, () => simulatedJitter(device({ noise: 0.1 }), random));
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const deviation = Math.sqrt(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length);
  expect(mean).toBeCloseTo(1, 2);
  expect(deviation).toBeCloseTo(0.1, 2);
  expect(simulatedJitter(device({}), random)).toBe(1);
});
