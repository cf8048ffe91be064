import { describe, expect, it } from "vitest";
import { paddingOf, samePadding } from "./padding.js";

describe("samePadding", () => {
  it("puts the odd zero at the end with stride 2, which symmetric padding would not", () => {
    expect(samePadding(224, 3, 2)).toEqual({ beforePx: 0, afterPx: 1 });
    expect(samePadding(56, 5, 2)).toEqual({ beforePx: 1, afterPx: 2 });
  });

  it("depends on the size: an odd one is padded alike on both sides", () => {
    expect(samePadding(75, 3, 2)).toEqual({ beforePx: 1, afterPx: 1 });
  });

  it("is half the kernel with stride 1 and nothing for 1x1", () => {
    expect(samePadding(14, 5, 1)).toEqual({ beforePx: 2, afterPx: 2 });
    expect(samePadding(14, 1, 1)).toEqual({ beforePx: 0, afterPx: 0 });
  });
});

describe("paddingOf", () => {
  it("is half the kernel on both sides in PyTorch's convention, whatever stride and size", () => {
    expect(paddingOf("symmetric", 224, 3, 2)).toEqual({ beforePx: 1, afterPx: 1 });
    expect(paddingOf("symmetric", 15, 5, 2)).toEqual({ beforePx: 2, afterPx: 2 });
    expect(paddingOf("symmetric", 15, 1, 1)).toEqual({ beforePx: 0, afterPx: 0 });
    expect(paddingOf("same", 224, 3, 2)).toEqual(samePadding(224, 3, 2));
  });
});
