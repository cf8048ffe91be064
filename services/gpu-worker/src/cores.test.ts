import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { planThreads, usableCores } from "./cores.js";

test("a container's quota bounds the cores, and half a core is one", () => {
  expect(usableCores("100000 100000")).toBe(1);
  expect(usableCores("50000 100000")).toBe(1);
  expect(usableCores("max 100000")).toBe(availableParallelism());
  expect(usableCores(null)).toBe(availableParallelism());
});

test.each([1, 2, 3, 4, 8, 16, 64])("on %i cores at most one thread more than cores can run", (cores) => {
  const plan = planThreads(cores);
  expect(plan.inferThreads).toBeGreaterThanOrEqual(1);
  expect(plan.decodeSlots).toBeGreaterThanOrEqual(1);
  expect(plan.inferThreads + plan.decodeSlots).toBeLessThanOrEqual(cores + 1);
});

test("two cores get the split that was measured best: two sessions, one decoder", () => {
  expect(planThreads(2)).toEqual({ inferThreads: 2, decodeSlots: 1, loaderThreads: 1, fetchSlotsPerLoader: 8 });
});
