import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { Sharp } from "sharp";
import { toImageError } from "./decode-errors.js";
import { type ImageFormat, mayBeCut, sniffFormat } from "./formats.js";
import { type Box, planResize, type ResizePlan } from "./geometry.js";
import { type ImageSize, plainJpegSize } from "./jpeg-size.js";
import { pngSize } from "./png-size.js";
import { type Resampling, resample } from "./resample.js";
import { resamplingOf } from "./resamplings.js";
import { inputOptions, sharp } from "./sharp-setup.js";

export interface DecodeLimits {
  /** Width times height, as stored. */
  maxPixels: number;
  /** Asks the decoder to stop after this time, which it counts in whole seconds and can only do between rows. */
  timeoutMs?: number;
}

export interface DecodedImage extends ImageSize {
  /** For each spec, RGB of inputPx x inputPx x 3 bytes, rows first (NHWC without the N). */
  pixels: Uint8Array<ArrayBuffer>[];
}

/** Where the pixels go: memory of exactly this many bytes, new unless the caller has some to use again. */
export type TakeMemory = (sizeBytes: number) => ArrayBuffer;

export const newMemory: TakeMemory = (sizeBytes) => new ArrayBuffer(sizeBytes);

const kernels = { bicubic: "cubic", bilinear: "linear" } as const;

/** So many times larger than asked for, an image is resized by sharp, which lets JPEG's decoder shrink it. */
const muchLarger = 2;

/** With several models, the image is first brought to this many times the largest short side that is asked for. */
const sharedOversampling = 2;

/**
 * Decodes an image once and gives each model its own input. The size is that after EXIF orientation. Alpha is flattened on
 * black; grey, palette, CMYK and 16-bit images become 8-bit RGB; of an animation the first frame counts. An image less than
 * twice as large as it is asked for, alone, comes out as Pillow's `resize` and `crop` make it, byte for byte.
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
    const size = await sizeOf(bytes, format, open, limits);
    if (size.widthPx * size.heightPx > limits.maxPixels) throw tooLarge(size, limits);
    if (mayBeCut(bytes, format)) await readEveryPixel(open);
    const pixels =
      specs.length === 1
        ? [await renderOne(open().autoOrient(), size, specs[0]!, takeMemory)]
        : await renderAll(open, size, specs, takeMemory);
    return { ...size, pixels };
  } catch (error) {
    throw toImageError(error, limits);
  }
}

/** The image anew: sharp's pipelines are used once. */
type Open = () => Sharp;

async function sizeOf(bytes: Uint8Array, format: ImageFormat, open: Open, limits: DecodeLimits): Promise<ImageSize> {
  const plain = format === "jpeg" ? plainJpegSize(bytes) : null;
  if (plain) return plain;
  // The decoder complains on stderr of numbers that are none for it; a size beyond the limit need not come to it.
  const declared = format === "png" ? pngSize(bytes) : null;
  if (declared && declared.widthPx * declared.heightPx > limits.maxPixels) return declared;
  const { autoOrient } = await open().metadata();
  return { widthPx: autoOrient.width, heightPx: autoOrient.height };
}

/** Decodes once to a shared RGB image, large enough for every spec, and renders each from it. */
async function renderAll(
  open: Open,
  size: ImageSize,
  specs: readonly PreprocessSpec[],
  takeMemory: TakeMemory,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const largest = specs.reduce((a, b) => (a.resizeShortSidePx >= b.resizeShortSidePx ? a : b));
  const shortSidePx = largest.resizeShortSidePx * sharedOversampling;
  const plan = planResize(size, { ...largest, resizeShortSidePx: shortSidePx, squash: false });
  let image = open().autoOrient();
  if (plan.before) image = image.extract(plan.before);
  const width = plan.before?.width ?? size.widthPx;
  const height = plan.before?.height ?? size.heightPx;
  // Never enlarged, so that small images come out as if they were decoded for one model.
  if (Math.min(width, height) > shortSidePx) {
    image = image.resize({
      width: plan.width,
      height: plan.height,
      fit: "fill",
      kernel: kernels[largest.interpolation],
    });
  }
  const { data, info } = await toRgb(image).toBuffer({ resolveWithObject: true });
  const shared = { widthPx: info.width, heightPx: info.height };
  const whole = { left: 0, top: 0, width: info.width, height: info.height };
  return specs.map((spec) => resampled(data, whole, resamplingOf(shared, planResize(shared, spec), spec), takeMemory));
}

async function renderOne(
  image: Sharp,
  size: ImageSize,
  spec: PreprocessSpec,
  takeMemory: TakeMemory,
): Promise<Uint8Array<ArrayBuffer>> {
  const plan = planResize(size, spec);
  const fromWidth = plan.before?.width ?? size.widthPx;
  const fromHeight = plan.before?.height ?? size.heightPx;
  if (Math.max(fromWidth / plan.width, fromHeight / plan.height) >= muchLarger) {
    return renderBySharp(image, plan, spec, takeMemory);
  }
  const resampling = resamplingOf(size, plan, spec);
  const data = await toRgb(image.extract(resampling.part)).toBuffer();
  return resampled(data, resampling.part, resampling, takeMemory);
}

function resampled(data: Uint8Array, from: Box, resampling: Resampling, takeMemory: TakeMemory) {
  if (data.byteLength !== from.width * from.height * 3) {
    throw new LabelfleetError(
      "INTERNAL",
      `decoding gave ${data.byteLength} bytes for ${from.width} x ${from.height} RGB`,
    );
  }
  const pixels = new Uint8Array(takeMemory(resampling.widthPx * resampling.heightPx * 3));
  resample(data, from, resampling, pixels);
  return pixels;
}

async function renderBySharp(
  image: Sharp,
  plan: ResizePlan,
  spec: PreprocessSpec,
  takeMemory: TakeMemory,
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, before, crop } = plan;
  const kernel = kernels[spec.interpolation];
  const part = before ? image.extract(before) : image;
  const data = await toRgb(part.resize({ width, height, fit: "fill", kernel }).extract(crop)).toBuffer();
  if (data.byteLength !== spec.inputPx * spec.inputPx * 3) {
    throw new LabelfleetError("INTERNAL", `decoding gave ${data.byteLength} bytes for ${spec.inputPx} px RGB`);
  }
  // sharp's memory is its own and cannot be transferred to another thread; the copy takes 0.03 ms.
  const pixels = new Uint8Array(takeMemory(data.byteLength));
  pixels.set(data);
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
