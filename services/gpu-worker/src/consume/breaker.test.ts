import { expect, test } from "vitest";
import { type BreakerState, closed, probeFailed, probeOk, readOk, trouble } from "./breaker.js";

const policy = { weatherInARow: 3, firstProbeMs: 1_000, maxProbeMs: 8_000, maxPauseMs: 60_000 };

test("weather makes doubt only in a row, a refusal or an object that took too long at once", () => {
  let state = trouble(trouble(closed, "weather", policy), "weather", policy);
  expect(state).toEqual({ kind: "closed", troublesInARow: 2 });
  state = trouble(readOk(state), "weather", policy);
  expect(state).toEqual({ kind: "closed", troublesInARow: 1 });
  state = trouble(trouble(state, "weather", policy), "weather", policy);
  expect(state.kind).toBe("doubting");
  expect(trouble(closed, "refusal", policy).kind).toBe("doubting");
  expect(trouble(closed, "slowness", policy).kind).toBe("doubting");
});

test("only a probe ends doubt: what is read meanwhile was under way before", () => {
  const doubting: BreakerState = { kind: "doubting" };
  expect(readOk(doubting)).toBe(doubting);
  expect(probeOk()).toBe(closed);
  const open = probeFailed(doubting, 0, policy);
  expect(readOk(open)).toBe(open);
});

test("probes come ever less often, up to a bound, and end after the longest pause", () => {
  const waitsMs: number[] = [];
  let state = probeFailed({ kind: "doubting" }, 5_000, policy);
  let nowMs = 5_000;
  while (state.kind === "open") {
    waitsMs.push(state.probeAtMs - nowMs);
    nowMs = state.probeAtMs;
    state = probeFailed(state, nowMs, policy);
  }
  expect(waitsMs.slice(0, 6)).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  expect(nowMs - 5_000).toBe(policy.maxPauseMs);
  expect(state).toEqual({ kind: "gave-up" });
});

test("a breaker that gave up lets every failure pass, until something can be read", () => {
  const gaveUp: BreakerState = { kind: "gave-up" };
  expect(trouble(gaveUp, "refusal", policy)).toBe(gaveUp);
  expect(readOk(gaveUp)).toBe(closed);
});
