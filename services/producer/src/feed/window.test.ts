import { describe, expect, it } from "vitest";
import { exceedsMaxFailed, hasTooManyFailed } from "./max-failed.js";
import { imageTotalsOf } from "./run-totals.js";
import { remedyOf, windowBatches } from "./window.js";

describe("windowBatches", () => {
  it("is four times the lane's slots, and at least 64", () => {
    const worker = (batchSlots: number, ...lanes: string[]) => ({ batchSlots, lanes });
    expect(windowBatches([], "a")).toBe(64);
    expect(windowBatches([worker(8, "a"), worker(4, "b")], "a")).toBe(64);
    expect(windowBatches([worker(10, "a"), worker(20, "b", "a"), worker(99, "b")], "a")).toBe(120);
  });
});

describe("remedyOf", () => {
  it.each([
    ["waiting", "wait"],
    ["active", "wait"],
    ["delayed", "wait"],
    ["completed", "check"],
    ["unknown", "check"],
    ["failed", "give up"],
  ])("%s: %s", (state, remedy) => {
    expect(remedyOf(state)).toBe(remedy);
  });
});

describe("hasTooManyFailed", () => {
  it("takes a count from the first image on", () => {
    expect(hasTooManyFailed({ kind: "count", count: 0 }, 1, 1)).toBe(true);
    expect(hasTooManyFailed({ kind: "count", count: 3 }, 3, 3)).toBe(false);
  });

  it("takes a share once there are 200 images", () => {
    const tenth = { kind: "share", share: 0.1 } as const;
    expect(hasTooManyFailed(tenth, 199, 199)).toBe(false);
    expect(hasTooManyFailed(tenth, 200, 20)).toBe(false);
    expect(hasTooManyFailed(tenth, 200, 21)).toBe(true);
  });
});

describe("exceedsMaxFailed", () => {
  const share = (part: number) => ({ kind: "share", share: part }) as const;

  it("takes a share however few images there are", () => {
    expect(exceedsMaxFailed(share(0.1), 31, 30)).toBe(true);
    expect(exceedsMaxFailed(share(0.1), 5, 1)).toBe(true);
    expect(exceedsMaxFailed(share(0.1), 10, 1)).toBe(false);
    expect(exceedsMaxFailed(share(0), 1_000, 1)).toBe(true);
    expect(exceedsMaxFailed(share(0), 1_000, 0)).toBe(false);
    expect(exceedsMaxFailed(share(1), 50, 50)).toBe(false);
  });

  it("allows exactly the share that was asked for, also where its product with the images is not exact", () => {
    expect(exceedsMaxFailed(share(29 / 100), 100, 29)).toBe(false);
    expect(exceedsMaxFailed(share(12.3 / 100), 1_000, 123)).toBe(false);
    expect(exceedsMaxFailed(share(12.3 / 100), 1_000, 124)).toBe(true);
  });
});

describe("imageTotalsOf", () => {
  it("takes an image as done when the slowest model is, and as failed when any model failed", () => {
    const models = [
      { ok: 90, failed: 10, batches: 2 },
      { ok: 48, failed: 2, batches: 1 },
    ];
    expect(imageTotalsOf(models)).toEqual({ done: 50, ok: 40, failed: 10 });
    expect(imageTotalsOf([])).toEqual({ done: 0, ok: 0, failed: 0 });
  });
});
