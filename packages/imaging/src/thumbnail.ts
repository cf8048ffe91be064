import { LabelfleetError } from "@labelfleet/shared/errors";
import type { DecodeLimits } from "./decode.js";
import { toImageError } from "./decode-errors.js";
import { sniffFormat } from "./formats.js";
import { inputOptions, sharp } from "./sharp-setup.js";

const quality = 76;

/**
 * A small JPEG of an image, made anew from its pixels: nothing of the file itself is in it, metadata included. Neither side is
 * longer than `maxSidePx`; smaller images keep their size. Alpha is flattened on white; of an animation the first frame counts.
 *
 * Throws IMAGE_EMPTY, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE or DECODE_TIMEOUT.
 */
export async function makeThumbnail(bytes: Uint8Array, maxSidePx: number, limits: DecodeLimits): Promise<Buffer> {
  if (bytes.byteLength === 0) throw new LabelfleetError("IMAGE_EMPTY", "the object has zero bytes");
  if (!sniffFormat(bytes)) {
    throw new LabelfleetError("IMAGE_UNSUPPORTED", "the bytes are not JPEG, PNG, WebP, GIF, AVIF or TIFF");
  }
  try {
    return await sharp(bytes, inputOptions(limits.maxPixels))
      .timeout({ seconds: Math.ceil((limits.timeoutMs ?? 0) / 1000) })
      .autoOrient()
      .resize({ width: maxSidePx, height: maxSidePx, fit: "inside", withoutEnlargement: true })
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .jpeg({ quality })
      .toBuffer();
  } catch (error) {
    throw toImageError(error, limits);
  }
}
