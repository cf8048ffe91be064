import { expect, test } from "vitest";
import { noPins, planThreads, usableCores, uvThreadPoolSize } from "./cores.js";

test("a quota bounds the cores: half a core is one, and 1.9 are two", () => {
  expect(usableCores(8, 1)).toBe(1);
  expect(usableCores(8, 0.5)).toBe(1);
  expect(usableCores(8, 0.1)).toBe(1);
  expect(usableCores(8, 1.9)).toBe(2);
  expect(usableCores(1, 1.9)).toBe(1);
  expect(usableCores(8, Number.POSITIVE_INFINITY)).toBe(8);
});

test.each([1, 2, 3, 4, 8, 16, 64])(
  "%i cores get a session each, and decoders for most of them at the worst and one more",
  (cores) => {
    const plan = planThreads(cores);
    expect(plan.inferThreads).toBe(cores);
    expect(plan.decodeSlots).toBeGreaterThanOrEqual(0.6 * cores + 1);
    expect(plan.decodeSlots).toBeLessThan(0.6 * cores + 2);
  },
);

test("two cores get the split that was measured best: two sessions, three decoders", () => {
  expect(planThreads(2)).toEqual({ inferThreads: 2, decodeSlots: 3, loaderThreads: 1, fetchSlotsPerLoader: 8 });
});

test("what is pinned stays, and the rest follows from it", () => {
  const pinned = planThreads(8, { ...noPins, decodeSlots: 8, fetches: 10 });
  expect(pinned).toEqual({ inferThreads: 8, decodeSlots: 8, loaderThreads: 2, fetchSlotsPerLoader: 5 });
  expect(planThreads(8, { inferThreads: 1, decodeSlots: 2, loaderThreads: 2, fetches: 4 })).toEqual({
    inferThreads: 1,
    decodeSlots: 2,
    loaderThreads: 2,
    fetchSlotsPerLoader: 2,
  });
  expect(uvThreadPoolSize(pinned)).toBeGreaterThan(uvThreadPoolSize(planThreads(8)));
});
