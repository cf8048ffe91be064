import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { Sharp } from "sharp";
import { toImageError } from "./decode-errors.js";
import { type ImageFormat, mayBeCut, sniffFormat } from "./formats.js";
import { around, type Box, centralPart, planResize, type ResizePlan } from "./geometry.js";
import { type ImageSize, plainJpegSize } from "./jpeg-size.js";
import { readJpeg } from "./libjpeg-turbo.js";
import { pngSize } from "./png-size.js";
import { type Resampling, type SourceImage, withSourceImage } from "./resample.js";
import { resamplingFor } from "./resampling-cache.js";
import { inputOptions, sharp } from "./sharp-setup.js";

export interface DecodeLimits {
  /** Width times height, as stored. */
  maxPixels: number;
  /** Asks the decoder to stop after this time, which it counts in whole seconds and can only do between rows. */
  timeoutMs?: number;
}

export interface DecodedImage extends ImageSize {
  /** For each spec, RGB of inputPx x inputPx x 3 bytes, rows first (NHWC without the N). */
  pixels: Pixels[];
}

type Pixels = Uint8Array<ArrayBuffer>;

/** Where the pixels go: memory of exactly this many bytes, new unless the caller has some to use again. */
export type TakeMemory = (sizeBytes: number) => ArrayBuffer;

export const newMemory: TakeMemory = (sizeBytes) => new ArrayBuffer(sizeBytes);

const kernels = { bicubic: "cubic", bilinear: "linear" } as const;

/** So many times larger than asked for, an image is resized by sharp, which lets JPEG's decoder shrink it. */
const muchLarger = 2;

/** What is decoded all at once, in the loader thread: more would keep its images waiting. */
const maxDirectPixels = 4_000_000;

/** With several models, the image is first brought to this many times the largest short side that is asked for. */
const sharedOversampling = 2;

/**
 * Decodes an image once (a very long one once a model) and gives each model its own input. The size is that after EXIF
 * orientation. Alpha is flattened on black; grey, palette, CMYK and 16-bit images become 8-bit RGB; of an animation the first
 * frame counts. An image less than twice as large as it is asked for, alone, comes out as Pillow's `resize` and `crop` make
 * it, byte for byte.
 *
 * Throws IMAGE_EMPTY, IMAGE_UNSUPPORTED, IMAGE_CORRUPT (truncated files too), IMAGE_TOO_LARGE or DECODE_TIMEOUT.
 */
export async function decodeForModels(
  bytes: Uint8Array,
  specs: readonly PreprocessSpec[],
  limits: DecodeLimits,
  takeMemory = newMemory,
): Promise<DecodedImage> {
  if (bytes.byteLength === 0) throw new LabelfleetError("IMAGE_EMPTY", "the object has zero bytes");
  const format = sniffFormat(bytes);
  if (!format) throw new LabelfleetError("IMAGE_UNSUPPORTED", "the bytes are not JPEG, PNG, WebP, GIF, AVIF or TIFF");
  const options = inputOptions(limits.maxPixels);
  const open: Open = () => sharp(bytes, options).timeout({ seconds: Math.ceil((limits.timeoutMs ?? 0) / 1000) });
  try {
    const { isUpright, ...size } = await headerOf(bytes, format, open, limits);
    if (size.widthPx * size.heightPx > limits.maxPixels) throw tooLarge(size, limits);
    const isDirect = format === "jpeg" && isUpright && isSmall(size, specs);
    const pixels = isDirect ? decodeDirectly(bytes, size, specs, takeMemory) : null;
    if (pixels !== null) return { ...size, pixels };
    if (mayBeCut(bytes, format)) await readEveryPixel(open);
    const parts = await readParts(open, size, specs);
    return { ...size, pixels: parts.map((part) => pixelsOf(part, takeMemory)) };
  } catch (error) {
    throw toImageError(error, limits);
  }
}

/** What sharp made of an image: RGB of a part of it that has what a resampling needs, or pixels as they are asked for. */
interface RgbPart {
  data: Uint8Array;
  part: Box;
  resampling: Resampling | null;
}

/** The image anew: sharp's pipelines are used once. */
type Open = () => Sharp;

/** An image as it is shown; it is stored so too where it is upright. */
interface Header extends ImageSize {
  isUpright: boolean;
}

async function headerOf(bytes: Uint8Array, format: ImageFormat, open: Open, limits: DecodeLimits): Promise<Header> {
  const plain = format === "jpeg" ? plainJpegSize(bytes) : null;
  if (plain) return { ...plain, isUpright: true };
  // The decoder complains on stderr of numbers that are none for it; a size beyond the limit need not come to it.
  const declared = format === "png" ? pngSize(bytes) : null;
  if (declared && declared.widthPx * declared.heightPx > limits.maxPixels) return { ...declared, isUpright: true };
  const { autoOrient, orientation = 1 } = await open().metadata();
  return { widthPx: autoOrient.width, heightPx: autoOrient.height, isUpright: orientation === 1 };
}

/** Whether all models' inputs are resampled from the pixels as they are stored, and those are few. */
function isSmall(size: ImageSize, specs: readonly PreprocessSpec[]): boolean {
  if (size.widthPx * size.heightPx > maxDirectPixels) return false;
  if (isShared(size, specs)) return Math.min(size.widthPx, size.heightPx) <= sharedShortSidePx(specs);
  return !specs.some((spec) => isMuchLarger(size, spec));
}

/** A small photo, which most images are, without sharp; null where the decoder has something to say of it. */
function decodeDirectly(
  bytes: Uint8Array,
  size: ImageSize,
  specs: readonly PreprocessSpec[],
  takeMemory: TakeMemory,
): Pixels[] | null {
  return withSourceImage({ left: 0, top: 0, width: size.widthPx, height: size.heightPx }, (image) => {
    if (!readJpeg(bytes, size, image.pixels)) return null;
    return specs.map((spec) => resampled(image, resamplingFor(size, spec), takeMemory));
  });
}

/** Decoded once for all models; a very long image, which is rare and large in memory, for each of them. */
async function readParts(open: Open, size: ImageSize, specs: readonly PreprocessSpec[]): Promise<RgbPart[]> {
  if (isShared(size, specs)) return readShared(open, size, specs);
  const parts: RgbPart[] = [];
  for (const spec of specs) parts.push(await readOne(open, size, spec));
  return parts;
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

async function readShared(open: Open, size: ImageSize, specs: readonly PreprocessSpec[]): Promise<RgbPart[]> {
  const largest = largestOf(specs);
  const resizeShortSidePx = sharedShortSidePx(specs);
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

/** In memory that can be transferred to another thread, which sharp's cannot; without a resampling a copy of 0.03 ms. */
function pixelsOf({ data, part, resampling }: RgbPart, takeMemory: TakeMemory): Pixels {
  if (data.byteLength !== part.width * part.height * 3) {
    const size = `${part.width} x ${part.height}`;
    throw new LabelfleetError("INTERNAL", `decoding gave ${data.byteLength} bytes for ${size} pixels of RGB`);
  }
  if (resampling === null) {
    const pixels = new Uint8Array(takeMemory(data.byteLength));
    pixels.set(data);
    return pixels;
  }
  return withSourceImage(part, (image) => {
    image.pixels.set(data);
    return resampled(image, resampling, takeMemory);
  });
}

function resampled(image: SourceImage, resampling: Resampling, takeMemory: TakeMemory): Pixels {
  const pixels = new Uint8Array(takeMemory(resampling.widthPx * resampling.heightPx * 3));
  image.resample(resampling, pixels);
  return pixels;
}

function toRgb(image: Sharp): Sharp {
  return image.flatten({ background: "#000000" }).toColourspace("srgb").raw({ depth: "uchar" });
}

/** Rows outside of the crop are not decoded, so what is missing there would go unnoticed. */
async function readEveryPixel(open: Open): Promise<void> {
  await open().resize({ width: 1, height: 1, fit: "fill", fastShrinkOnLoad: false }).raw().toBuffer();
}

function tooLarge(size: ImageSize, limits: DecodeLimits): LabelfleetError {
  const text = `the image has ${size.widthPx} x ${size.heightPx} pixels, the limit is ${limits.maxPixels}`;
  return new LabelfleetError("IMAGE_TOO_LARGE", text);
}
