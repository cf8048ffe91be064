import { LabelfleetError } from "@labelfleet/shared/errors";
import type { DecodeOptions } from "./decode.js";
import { toImageError } from "./decode-errors.js";
import { decodeMemoryBytes } from "./decode-memory.js";
import { openImageFile } from "./image-file.js";
import { sharp } from "./sharp-setup.js";

export interface ThumbnailOptions extends DecodeOptions {
  /** What decoding may take of memory, in bytes. */
  maxDecodeBytes?: number;
}

const quality = 76;

/**
 * A small JPEG of an image, made anew from its pixels: nothing of the file itself is in it, metadata included. Neither side is
 * longer than `maxSidePx`; smaller images keep their size. Its colours are those that `decodeForModels` gives a network.
 *
 * Throws IMAGE_EMPTY, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE or DECODE_TIMEOUT.
 */
export async function makeThumbnail(bytes: Uint8Array, maxSidePx: number, options: ThumbnailOptions): Promise<Buffer> {
  const neededBytes = decodeMemoryBytes(bytes, { shortSidePx: maxSidePx, maxPixels: options.maxPixels });
  if (neededBytes > (options.maxDecodeBytes ?? Number.POSITIVE_INFINITY)) {
    throw new LabelfleetError("IMAGE_TOO_LARGE", `decoding the image takes ${neededBytes} bytes of memory`);
  }
  const file = await openImageFile(bytes, options);
  const { widthPx, heightPx } = file.size;
  const scale = Math.min(1, maxSidePx / Math.max(widthPx, heightPx));
  const [width, height] = [widthPx, heightPx].map((px) => Math.max(1, Math.round(px * scale))) as [number, number];
  try {
    const source = await file.source(scale < 1);
    const image = source.open();
    const data = await source.read(scale < 1 ? image.resize({ width, height, fit: "fill" }) : image);
    return await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality })
      .toBuffer();
  } catch (error) {
    throw toImageError(error, options);
  }
}
