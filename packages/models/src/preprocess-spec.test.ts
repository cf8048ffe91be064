import { expect, it } from "vitest";
import { preprocessSpec } from "./preprocess-spec.js";

it.each([
  [224, 0.875, 256],
  [240, 0.882, 272],
  [260, 0.89, 292],
  [300, 0.904, 331],
])("resizes the short side for %i px at crop %f to %i px, rounding down", (inputPx, cropPct, resizeShortSidePx) => {
  const spec = preprocessSpec({ inputPx, cropPct, interpolation: "bicubic" });
  expect(spec).toEqual({ inputPx, resizeShortSidePx, interpolation: "bicubic" });
});
