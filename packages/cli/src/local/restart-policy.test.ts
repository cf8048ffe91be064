import { expect, test } from "vitest";
import { restartDelayMs } from "./restart-policy.js";

test("a worker that ends by itself again and again is given up soon", () => {
  const delays = [1, 2, 3].map((quickEnds) => restartDelayMs({ signal: null, quickEnds }));
  expect(delays).toEqual([500, 1_000, null]);
});

test("workers that are killed are replaced for longer, ever less eagerly, but not for ever", () => {
  const delays = Array.from({ length: 20 }, (_, i) => restartDelayMs({ signal: "SIGSEGV", quickEnds: i + 1 }));
  expect(delays.slice(0, 7)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  expect(delays.indexOf(null)).toBe(19);
});

test("a worker that lived for a while is replaced at once", () => {
  expect(restartDelayMs({ signal: "SIGKILL", quickEnds: 0 })).toBe(500);
});
