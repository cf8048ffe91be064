import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import type { ResizePlan } from "./geometry.js";
import type { ImageSize } from "./jpeg-size.js";
import { planResampling, type Resampling } from "./resample.js";

/** Sizes of images whose resampling is kept, some 20 kB each: buckets often hold images of a few sizes. */
const maxKept = 64;

/** The one used last comes last. */
const kept = new Map<string, Resampling>();

/** The resampling of images of this size for a model, new or as it was made for an earlier image. */
export function resamplingOf(size: ImageSize, plan: ResizePlan, spec: PreprocessSpec): Resampling {
  const { inputPx, resizeShortSidePx, interpolation, squash } = spec;
  const key = [size.widthPx, size.heightPx, inputPx, resizeShortSidePx, interpolation, squash].join();
  const resampling = kept.get(key) ?? planResampling(size, plan, interpolation);
  kept.delete(key);
  kept.set(key, resampling);
  if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
  return resampling;
}
