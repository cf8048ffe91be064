import { describe, expect, it } from "vitest";
import { dropConnectOf, scaleChannels, scaleRepeats } from "./scaling.js";

describe("scaleChannels", () => {
  it.each([
    [32, 1.0, 32],
    [16, 1.1, 16], // 17.6 is nearer to 16, which keeps 91 %
    [24, 1.2, 32], // 28.8: half-way between is 28
    [112, 1.2, 136], // 134.4
    [20, 1.0, 24], // a half rounds up
    [11, 1.0, 16], // 8 would keep 73 % only
    [3, 1.0, 8], // never under 8
    [32, 1.8, 56], // 57.6: B6's stem
    [16, 1.2, 24], // 19.2: 16 would keep 83 % only
  ])("makes %i channels times %f into %i", (channels, width, expected) => {
    expect(scaleChannels(channels, width, 0.9)).toBe(expected);
  });

  it("rounds to the nearest without the 90 % rule, as V2 does", () => {
    expect(scaleChannels(16, 1.2, 0)).toBe(16);
    expect(scaleChannels(11, 1.0, 0)).toBe(8);
  });

  it("keeps at least 90 % of the channels and gives a multiple of 8", () => {
    for (let channels = 1; channels < 700; channels++) {
      const scaled = scaleChannels(channels, 1.1, 0.9);
      expect(scaled % 8).toBe(0);
      expect(scaled).toBeGreaterThanOrEqual(0.9 * channels * 1.1);
    }
  });
});

describe("scaleRepeats", () => {
  it("rounds up", () => {
    expect([1, 2, 3, 4].map((repeats) => scaleRepeats(repeats, 1.1))).toEqual([2, 3, 4, 5]);
    expect(scaleRepeats(3, 1.0)).toBe(3);
    expect(scaleRepeats(4, 2.6)).toBe(11);
  });
});

describe("dropConnectOf", () => {
  it("drops nothing in the first block and rises by the same step with each", () => {
    expect([0, 1, 8, 15].map((index) => dropConnectOf(index, 16, 0.2))).toEqual([0, 0.0125, 0.1, 0.1875]);
  });
});
