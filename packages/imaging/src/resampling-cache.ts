import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import type { ImageSize } from "./jpeg-size.js";
import { planResampling, type Resampling } from "./resample.js";

/** Resamplings that are kept, since buckets often hold images of a few sizes: 14 kB each for a photo at 224 px. */
const maxKept = 64;
/** Those of very long images are larger, up to a megabyte. */
const maxKeptBytes = 300_000;

/** The one used last comes last. */
const kept = new Map<string, Resampling>();

/** The resampling of images of this size for a model, new or as it was made for an earlier image. */
export function resamplingFor(size: ImageSize, spec: PreprocessSpec, shrink = 1): Resampling {
  const { inputPx, resizeShortSidePx, interpolation, squash } = spec;
  const key = [size.widthPx, size.heightPx, inputPx, resizeShortSidePx, interpolation, squash, shrink].join();
  const resampling = kept.get(key) ?? planResampling(size, spec, shrink);
  if (resampling.columns.parts.byteLength + resampling.rows.parts.byteLength > maxKeptBytes) return resampling;
  kept.delete(key);
  kept.set(key, resampling);
  if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
  return resampling;
}
