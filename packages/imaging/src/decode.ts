import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { toImageError } from "./decode-errors.js";
import { type Open, type RgbPart, readEveryPixel, readParts } from "./decode-with-sharp.js";
import { type ImageFormat, mayBeCut, sniffFormat } from "./formats.js";
import { planResize } from "./geometry.js";
import { type ImageSize, plainJpegSize } from "./jpeg-size.js";
import { type Shrink, withJpegPixels } from "./libjpeg-turbo.js";
import { pngSize } from "./png-size.js";
import { resample } from "./resample.js";
import { resamplingFor } from "./resampling-cache.js";
import { inputOptions, sharp } from "./sharp-setup.js";

export interface DecodeLimits {
  /** Width times height, as stored. */
  maxPixels: number;
  /**
   * Asks sharp to stop after this time, which it counts in whole seconds and can only do between rows. libjpeg-turbo is not asked; its
   * work is bounded by pixels and scans, to some seconds.
   */
  timeoutMs?: number;
}

export interface DecodedImage extends ImageSize {
  /** For each spec, RGB of inputPx x inputPx x 3 bytes, rows first (NHWC without the N). */
  pixels: Pixels[];
}

type Pixels = Uint8Array<ArrayBuffer>;

/** Seconds; sharp refuses more. */
const longestSharpTimeout = 3_600;

/** Where the pixels go: memory of exactly this many bytes, new unless the caller has some to use again. */
export type TakeMemory = (sizeBytes: number) => ArrayBuffer;

export const newMemory: TakeMemory = (sizeBytes) => new ArrayBuffer(sizeBytes);

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
  const seconds = Math.min(longestSharpTimeout, Math.ceil((limits.timeoutMs ?? 0) / 1000));
  const open: Open = () => sharp(bytes, options).timeout({ seconds });
  const verdict = <T>(reading: Promise<T>) =>
    reading.catch((error: unknown) => {
      throw toImageError(error, limits);
    });
  const { isUpright, ...size } = await verdict(headerOf(bytes, format, open, limits));
  if (size.widthPx * size.heightPx > limits.maxPixels) throw tooLarge(size, limits);
  const direct = format === "jpeg" && isUpright ? await decodeDirectly(bytes, size, specs, takeMemory) : null;
  if (direct !== null) return { ...size, pixels: direct };
  if (mayBeCut(bytes, format)) await verdict(readEveryPixel(open));
  const parts = await verdict(readParts(open, size, specs));
  return { ...size, pixels: parts.map((part) => pixelsOf(part, takeMemory)) };
}

/** An image's size as it is shown, and whether it is stored so. */
interface Header extends ImageSize {
  isUpright: boolean;
}

async function headerOf(bytes: Uint8Array, format: ImageFormat, open: Open, limits: DecodeLimits): Promise<Header> {
  const plain = format === "jpeg" ? plainJpegSize(bytes) : null;
  if (plain) return { ...plain, isUpright: true };
  // The decoder complains on stderr of numbers that are none for it; a size beyond the limit need not come to it.
  const declared = format === "png" ? pngSize(bytes) : null;
  if (declared && declared.widthPx * declared.heightPx > limits.maxPixels) throw tooLarge(declared, limits);
  const { autoOrient, orientation = 1 } = await open().metadata();
  return { widthPx: autoOrient.width, heightPx: autoOrient.height, isUpright: orientation === 1 };
}

/** An upright photo, which most images are, without sharp; null where the decoder has something to say of it. */
function decodeDirectly(
  bytes: Uint8Array,
  size: ImageSize,
  specs: readonly PreprocessSpec[],
  takeMemory: TakeMemory,
): Promise<Pixels[] | null> {
  const shrink = shrinkFor(size, specs);
  return withJpegPixels(bytes, size, shrink, (data, shrunk) => {
    const part = { left: 0, top: 0, width: shrunk.widthPx, height: shrunk.heightPx };
    return specs.map((spec) => pixelsOf({ data, part, resampling: resamplingFor(size, spec, shrink) }, takeMemory));
  });
}

const shrinks: readonly Shrink[] = [8, 4, 2];

/**
 * How much the decoder may shrink a photo: what it makes is larger than what is asked for, for every model, so that the rest
 * is resampled. (Pillow's `draft` and libvips' `thumbnail` do so too.)
 */
function shrinkFor(size: ImageSize, specs: readonly PreprocessSpec[]): Shrink {
  const times = specs.map((spec) => {
    const { width, height } = planResize(size, spec);
    return Math.min(size.widthPx / width, size.heightPx / height);
  });
  return shrinks.find((shrink) => Math.min(...times) >= shrink + 1) ?? 1;
}

/** In memory that can be transferred to another thread, which sharp's cannot; without a resampling a copy of 0.03 ms. */
function pixelsOf({ data, part, resampling }: RgbPart, takeMemory: TakeMemory): Pixels {
  if (data.byteLength !== part.width * part.height * 3) {
    const size = `${part.width} x ${part.height}`;
    throw new LabelfleetError("INTERNAL", `decoding gave ${data.byteLength} bytes for ${size} pixels of RGB`);
  }
  const { widthPx, heightPx } = resampling ?? { widthPx: part.width, heightPx: part.height };
  const pixels = new Uint8Array(takeMemory(widthPx * heightPx * 3));
  if (resampling === null) pixels.set(data);
  else resample(data, part, resampling, pixels);
  return pixels;
}

function tooLarge(size: ImageSize, limits: DecodeLimits): LabelfleetError {
  const text = `the image has ${size.widthPx} x ${size.heightPx} pixels, the limit is ${limits.maxPixels}`;
  return new LabelfleetError("IMAGE_TOO_LARGE", text);
}
