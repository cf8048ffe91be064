import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import type { Sharp } from "sharp";
import { around, type Box, centralPart, planResize, type ResizePlan } from "./geometry.js";
import type { ImageSize } from "./jpeg-size.js";
import type { Resampling } from "./resample.js";
import { resamplingFor } from "./resampling-cache.js";

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

/** The image anew: sharp's pipelines are used once. */
export type Open = () => Sharp;

/** Decoded once for all models; a very long image, which is rare and large in memory, for each of them. */
export async function readParts(open: Open, size: ImageSize, specs: readonly PreprocessSpec[]): Promise<RgbPart[]> {
  if (isShared(size, specs)) return readShared(open, size, specs);
  const parts: RgbPart[] = [];
  for (const spec of specs) parts.push(await readOne(open, size, spec));
  return parts;
}

/** Rows outside of the crop are not decoded, so what is missing there would go unnoticed. */
export async function readEveryPixel(open: Open): Promise<void> {
  await open().resize({ width: 1, height: 1, fit: "fill", fastShrinkOnLoad: false }).raw().toBuffer();
}

function isShared(size: ImageSize, specs: readonly PreprocessSpec[]): boolean {
  return specs.length > 1 && centralPart(size) === null;
}

function largestOf(specs: readonly PreprocessSpec[]): PreprocessSpec {
  return specs.reduce((a, b) => (a.resizeShortSidePx >= b.resizeShortSidePx ? a : b));
}

async function readShared(open: Open, size: ImageSize, specs: readonly PreprocessSpec[]): Promise<RgbPart[]> {
  const largest = largestOf(specs);
  const resizeShortSidePx = largest.resizeShortSidePx * sharedOversampling;
  const image = open().autoOrient();
  // Never enlarged, so that small images come out as if they were decoded for one model.
  if (Math.min(size.widthPx, size.heightPx) <= resizeShortSidePx) {
    const resamplings = specs.map((spec) => resamplingFor(size, spec));
    const part = around(resamplings.map((resampling) => resampling.part));
    const data = await toRgb(image.extract(part)).toBuffer();
    return resamplings.map((resampling) => ({ data, part, resampling }));
  }
  const { width, height } = planResize(size, { ...largest, resizeShortSidePx, squash: false });
  const data = await toRgb(resizedBySharp(image, null, { width, height }, largest)).toBuffer();
  const shared = { widthPx: width, heightPx: height };
  const part = { left: 0, top: 0, width, height };
  return specs.map((spec) => ({ data, part, resampling: resamplingFor(shared, spec) }));
}

async function readOne(open: Open, size: ImageSize, spec: PreprocessSpec): Promise<RgbPart> {
  const image = open().autoOrient();
  if (isMuchLarger(size, spec)) {
    const middle = spec.squash ? null : centralPart(size);
    const plan = planResize(sizeWithin(size, middle), spec);
    const cropped = resizedBySharp(image, middle, plan, spec).extract(plan.crop);
    return { data: await toRgb(cropped).toBuffer(), part: plan.crop, resampling: null };
  }
  const resampling = resamplingFor(size, spec);
  const { part } = resampling;
  return { data: await toRgb(image.extract(part)).toBuffer(), part, resampling };
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
): Sharp {
  return (part ? image.extract(part) : image).resize({ width, height, fit: "fill", kernel: kernels[interpolation] });
}

function toRgb(image: Sharp): Sharp {
  return image.flatten({ background: "#000000" }).toColourspace("srgb").raw({ depth: "uchar" });
}
