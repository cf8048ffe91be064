import { describe, expect, it } from "vitest";
import { activeMsBefore, totalMs, unionOf } from "./intervals.js";
import { steadyRate } from "./steady-rate.js";

describe("unionOf", () => {
  it("joins what overlaps and keeps gaps", () => {
    const union = unionOf([
      { startMs: 50, endMs: 60 },
      { startMs: 0, endMs: 10 },
      { startMs: 5, endMs: 20 },
      { startMs: 6, endMs: 7 },
    ]);
    expect(union).toEqual([
      { startMs: 0, endMs: 20 },
      { startMs: 50, endMs: 60 },
    ]);
    expect(totalMs(union)).toBe(30);
    expect([-1, 10, 30, 55, 99].map((ms) => activeMsBefore(union, ms))).toEqual([0, 10, 20, 25, 30]);
  });
});

describe("steadyRate", () => {
  const always = [{ startMs: 0, endMs: 1e9 }];
  const evenly = (startMs: number, seconds: number, perSecond: number) => ({
    startMs,
    binMs: 1000,
    counts: Array.from({ length: seconds }, () => perSecond),
  });

  it("adds the workers up", () => {
    expect(steadyRate([evenly(0, 100, 30), evenly(0, 100, 20)], always)).toBeCloseTo(50);
  });

  it("leaves out a slow start and a slow end", () => {
    const slowEdges = {
      startMs: 0,
      binMs: 1000,
      counts: [...Array(20).fill(1), ...Array(50).fill(100), ...Array(20).fill(1)],
    };
    expect(steadyRate([slowEdges], always)).toBeCloseTo(100, 0);
  });

  it("stands still while no producer is there", () => {
    const active = [
      { startMs: 0, endMs: 50_000 },
      { startMs: 950_000, endMs: 1_000_000 },
    ];
    expect(steadyRate([evenly(0, 50, 10), evenly(950_000, 50, 10)], active)).toBeCloseTo(10);
  });

  it("is null when there is too little to tell", () => {
    expect(steadyRate([evenly(0, 12, 10)], always)).toBeNull();
    expect(steadyRate([], always)).toBeNull();
  });
});
