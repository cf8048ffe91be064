import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { toImageError } from "./decode-errors.js";
import { type RgbPart, readParts } from "./decode-with-sharp.js";
import { planResize } from "./geometry.js";
import { openImageFile } from "./image-file.js";
import type { ImageSize } from "./jpeg-size.js";
import { type Shrink, withJpegPixels } from "./libjpeg-turbo.js";
import { resample } from "./resample.js";
import { resamplingFor } from "./resampling-cache.js";

export interface DecodeLimits {
  /** Width times height, as stored. */
  maxPixels: number;
  /**
   * Asks sharp to stop after this time, which it counts in whole seconds and can only do between rows. libjpeg-turbo is not asked; its
   * work is bounded by pixels and scans, to some seconds.
   */
  timeoutMs?: number;
}

export interface DecodeOptions extends DecodeLimits {
  /** `#rrggbb` that transparent pixels are put on; unless given they are seen in the colours that they have. */
  background?: string | null;
}

export interface DecodedImage extends ImageSize {
  /** For each spec, RGB of inputPx x inputPx x 3 bytes, rows first (NHWC without the N). */
  pixels: Pixels[];
}

type Pixels = Uint8Array<ArrayBuffer>;

/** Where the pixels go: memory of exactly this many bytes, new unless the caller has some to use again. */
export type TakeMemory = (sizeBytes: number) => ArrayBuffer;

export const newMemory: TakeMemory = (sizeBytes) => new ArrayBuffer(sizeBytes);

/**
 * Decodes an image once (a very long one once a model) and gives each model its own input. The size is that after EXIF
 * orientation. As with Pillow's `convert("RGB")`, alpha is left away; grey, palette, CMYK and 16-bit images become 8-bit RGB; of
 * an animation the first frame counts. An image less than twice as large as it is asked for, alone, comes out as Pillow's `resize` and `crop` make
 * it, byte for byte.
 *
 * Throws IMAGE_EMPTY, IMAGE_UNSUPPORTED, IMAGE_CORRUPT (truncated files too), IMAGE_TOO_LARGE or DECODE_TIMEOUT.
 */
export async function decodeForModels(
  bytes: Uint8Array,
  specs: readonly PreprocessSpec[],
  options: DecodeOptions,
  takeMemory = newMemory,
): Promise<DecodedImage> {
  const file = await openImageFile(bytes, options);
  const { size } = file;
  const isDirect = file.format === "jpeg" && file.isUpright;
  const direct = isDirect ? await decodeDirectly(bytes, size, specs, takeMemory) : null;
  if (direct !== null) return { ...size, pixels: direct };
  const parts = await file
    .readEveryPixel()
    .then(() => readParts(file, specs))
    .catch((error: unknown) => {
      throw toImageError(error, options);
    });
  return { ...size, pixels: parts.map((part) => pixelsOf(part, takeMemory)) };
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
