import { describe, expect, it } from "vitest";
import { planResize } from "./geometry.js";

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
    expect(plan).toEqual({ before: null, width, height, crop: { left, top, width: 224, height: 224 } });
  });

  it("squashes both sides where the card says so, and cuts the middle", () => {
    const squash = { ...spec, resizeShortSidePx: 230, squash: true };
    const crop = { left: 3, top: 3, width: 224, height: 224 };
    expect(planResize({ widthPx: 500, heightPx: 375 }, squash)).toEqual({
      before: null,
      width: 230,
      height: 230,
      crop,
    });
  });

  it("keeps the middle of very long images, so that no resized image is enormous", () => {
    const plan = planResize({ widthPx: 1, heightPx: 1_000_000 }, spec);
    expect(plan.before).toEqual({ left: 0, top: 499_998, width: 1, height: 4 });
    expect(plan).toMatchObject({ width: 256, height: 1024, crop: { top: 400 } });
    expect(planResize({ widthPx: 5_001, heightPx: 3 }, spec).before).toEqual({
      left: 2_494,
      top: 0,
      width: 13,
      height: 3,
    });
  });

  it("enlarges to the crop where a card crops more than its short side", () => {
    expect(planResize({ widthPx: 300, heightPx: 300 }, { ...spec, inputPx: 260 })).toMatchObject({
      width: 260,
      height: 260,
    });
  });
});
