import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import type { Sharp } from "sharp";
import { around, type Box, centralPart, planResize, type ResizePlan } from "./geometry.js";
import type { ImageFile } from "./image-file.js";
import type { ImageSize } from "./jpeg-size.js";
import type { Resampling } from "./resample.js";
import { resamplingFor } from "./resampling-cache.js";
import type { RgbSource } from "./rgb-source.js";

const kernels = { bicubic: "cubic", bilinear: "linear" } as const;

/** So many times larger than asked for, an image is resized by sharp, which lets JPEG's decoder shrink it. */
const muchLarger = 2;

/** With several models, the image is first brought to this many times the largest short side that is asked for. */
const sharedOversampling = 2;

/** What a decoder made of an image: RGB of a part of it that has what a resampling needs, or pixels as they are asked for. */
export interface RgbPart {
  data: Uint8Array;
  part: Box;
  resampling: Resampling | null;
}

/** Decoded once for all models; a very long image, which is rare and large in memory, for each of them. */
export async function readParts(file: ImageFile, specs: readonly PreprocessSpec[]): Promise<RgbPart[]> {
  const { size } = file;
  const source = await file.source(isResizedBySharp(size, specs));
  if (isShared(size, specs)) return readShared(source, size, specs);
  const parts: RgbPart[] = [];
  for (const spec of specs) parts.push(await readOne(source, size, spec));
  return parts;
}

/** Whether an image is so large that sharp resizes it, instead of our own program. */
export function isResizedBySharp(size: ImageSize, specs: readonly PreprocessSpec[]): boolean {
  if (isShared(size, specs)) return Math.min(size.widthPx, size.heightPx) > sharedShortSidePx(specs);
  return specs.some((spec) => isMuchLarger(size, spec));
}

function isShared(size: ImageSize, specs: readonly PreprocessSpec[]): boolean {
  return specs.length > 1 && centralPart(size) === null;
}

function largestOf(specs: readonly PreprocessSpec[]): PreprocessSpec {
  return specs.reduce((a, b) => (a.resizeShortSidePx >= b.resizeShortSidePx ? a : b));
}

function sharedShortSidePx(specs: readonly PreprocessSpec[]): number {
  return largestOf(specs).resizeShortSidePx * sharedOversampling;
}

async function readShared(source: RgbSource, size: ImageSize, specs: readonly PreprocessSpec[]): Promise<RgbPart[]> {
  const largest = largestOf(specs);
  const resizeShortSidePx = sharedShortSidePx(specs);
  const image = source.open();
  // Never enlarged, so that small images come out as if they were decoded for one model.
  if (Math.min(size.widthPx, size.heightPx) <= resizeShortSidePx) {
    const resamplings = specs.map((spec) => resamplingFor(size, spec));
    const part = around(resamplings.map((resampling) => resampling.part));
    const data = await source.read(image.extract(part));
    return resamplings.map((resampling) => ({ data, part, resampling }));
  }
  const { width, height } = planResize(size, { ...largest, resizeShortSidePx, squash: false });
  const data = await source.read(resizedBySharp(image, null, { width, height }, largest, source.mayShrink));
  const shared = { widthPx: width, heightPx: height };
  const part = { left: 0, top: 0, width, height };
  return specs.map((spec) => ({ data, part, resampling: resamplingFor(shared, spec) }));
}

async function readOne(source: RgbSource, size: ImageSize, spec: PreprocessSpec): Promise<RgbPart> {
  const image = source.open();
  if (isMuchLarger(size, spec)) {
    const middle = spec.squash ? null : centralPart(size);
    const plan = planResize(sizeWithin(size, middle), spec);
    const cropped = resizedBySharp(image, middle, plan, spec, source.mayShrink).extract(plan.crop);
    return { data: await source.read(cropped), part: plan.crop, resampling: null };
  }
  const resampling = resamplingFor(size, spec);
  const { part } = resampling;
  return { data: await source.read(image.extract(part)), part, resampling };
}

function isMuchLarger(size: ImageSize, spec: PreprocessSpec): boolean {
  const { width, height } = planResize(size, spec);
  return Math.max(size.widthPx / width, size.heightPx / height) >= muchLarger;
}

function sizeWithin(size: ImageSize, part: Box | null): ImageSize {
  return part === null ? size : { widthPx: part.width, heightPx: part.height };
}

function resizedBySharp(
  image: Sharp,
  part: Box | null,
  { width, height }: Pick<ResizePlan, "width" | "height">,
  { interpolation }: PreprocessSpec,
  fastShrinkOnLoad: boolean,
): Sharp {
  const fit = { width, height, fit: "fill", kernel: kernels[interpolation] } as const;
  return (part ? image.extract(part) : image).resize({ ...fit, fastShrinkOnLoad });
}
