import { describe, expect, it } from "vitest";
import { around, centralPart, planResize } from "./geometry.js";

const spec = { inputPx: 224, resizeShortSidePx: 256, interpolation: "bicubic" } as const;

describe("planResize", () => {
  it.each([
    // width, height, resized, crop corner: what torchvision's Resize(256) and CenterCrop(224) give.
    [500, 375, 341, 256, 58, 16],
    [375, 500, 256, 341, 16, 58],
    [512, 512, 256, 256, 16, 16],
    [300, 451, 256, 384, 16, 80],
    [10, 12, 256, 307, 16, 42],
    [640, 427, 383, 256, 80, 16],
  ])("%i x %i becomes %i x %i, cut at %i, %i", (widthPx, heightPx, width, height, left, top) => {
    const plan = planResize({ widthPx, heightPx }, spec);
    expect(plan).toEqual({ width, height, crop: { left, top, width: 224, height: 224 } });
  });

  it("squashes both sides where the card says so, and cuts the middle", () => {
    const squash = { ...spec, resizeShortSidePx: 230, squash: true };
    const crop = { left: 3, top: 3, width: 224, height: 224 };
    expect(planResize({ widthPx: 500, heightPx: 375 }, squash)).toEqual({
      width: 230,
      height: 230,
      crop,
    });
  });

  it("resizes very long images as all others", () => {
    const plan = planResize({ widthPx: 1, heightPx: 1_000_000 }, spec);
    expect(plan).toMatchObject({ width: 256, height: 256_000_000, crop: { left: 16, top: 127_999_888 } });
  });

  it("enlarges to the crop where a card crops more than its short side", () => {
    expect(planResize({ widthPx: 300, heightPx: 300 }, { ...spec, inputPx: 260 })).toMatchObject({
      width: 260,
      height: 260,
    });
  });
});

describe("centralPart", () => {
  it("is the very middle of very long images, of four short sides", () => {
    expect(centralPart({ widthPx: 1, heightPx: 1_000_000 })).toEqual({ left: 0, top: 499_998, width: 1, height: 4 });
    expect(centralPart({ widthPx: 5_001, heightPx: 3 })).toEqual({ left: 2_494, top: 0, width: 13, height: 3 });
  });

  it("is nothing for others", () => {
    expect(centralPart({ widthPx: 1_600, heightPx: 100 })).toBeNull();
    expect(centralPart({ widthPx: 500, heightPx: 375 })).toBeNull();
  });
});

it("finds the box around boxes", () => {
  const boxes = [
    { left: 5, top: 9, width: 10, height: 3 },
    { left: 7, top: 2, width: 4, height: 20 },
  ];
  expect(around(boxes)).toEqual({ left: 5, top: 2, width: 10, height: 20 });
});
