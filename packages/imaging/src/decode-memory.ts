import { sniffFormat } from "./formats.js";
import { avifSize } from "./heif-boxes.js";
import { readJpegFrame } from "./jpeg-frame.js";
import { type ImageSize, plainJpegSize } from "./jpeg-size.js";
import { pngSize } from "./png-size.js";
import { unsupportedTiff } from "./tiff-features.js";
import { readTiffHeader } from "./tiff-header.js";
import { webpSize } from "./webp-size.js";

/** Bytes for each pixel of what decoders hold at once, measured with images of 12 megapixels. */
const perPixel = {
  /** A coefficient of a JPEG whose scans are put together. */
  jpegCoefficient: 2,
  interlacedPng: 4.5,
  webp: 9,
  webpAlpha: 12,
  avif: 20,
  deepAvif: 26,
  gif: 9,
  /** An image that is decoded as a whole before it is resized, for its alpha or to be turned. */
  wholeRgb: 3,
} as const;

/** Pixels that a JPEG's decoder makes into one are at most so many in a row or column. */
const mostShrunk = 8;

/**
 * About what decoding an image takes of memory beside the file, in bytes, by its header alone; 0 where rows pass through, and for
 * what is no image, or has more pixels than are decoded. No decoder is asked, so it may be known before one is trusted with the file.
 *
 * @param shortSidePx what the short side is resized to; the larger, the less a JPEG's decoder makes the image smaller
 */
export function decodeMemoryBytes(bytes: Uint8Array, limits: { shortSidePx: number; maxPixels: number }): number {
  const { pixels, bytesPerPixel } = decodersLoad(bytes, limits) ?? nothing;
  return pixels > limits.maxPixels ? 0 : pixels * bytesPerPixel;
}

interface Load {
  pixels: number;
  bytesPerPixel: number;
}

const nothing: Load = { pixels: 0, bytesPerPixel: 0 };

function decodersLoad(bytes: Uint8Array, limits: { shortSidePx: number; maxPixels: number }): Load | null {
  switch (sniffFormat(bytes)) {
    case "jpeg":
      return jpegLoad(bytes, limits.shortSidePx);
    case "png":
      return pngLoad(bytes);
    case "webp": {
      const size = webpSize(bytes);
      return size && { pixels: pixelsOf(size), bytesPerPixel: size.hasAlpha ? perPixel.webpAlpha : perPixel.webp };
    }
    case "gif": {
      const [width = 0, height = 0] = [6, 8].map((at) => (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256);
      return { pixels: width * height, bytesPerPixel: perPixel.gif };
    }
    case "avif": {
      const size = avifSize(bytes, limits.maxPixels);
      return size && { pixels: pixelsOf(size), bytesPerPixel: size.bits === 16 ? perPixel.deepAvif : perPixel.avif };
    }
    case "tiff":
      return tiffLoad(bytes);
    case null:
      return null;
  }
}

function pixelsOf(size: ImageSize): number {
  return size.widthPx * size.heightPx;
}

function jpegLoad(bytes: Uint8Array, shortSidePx: number): Load | null {
  const frame = readJpegFrame(bytes);
  if (frame === null) return null;
  const pixels = pixelsOf(frame);
  const coefficients = frame.hasSeveralScans ? frame.samplesPerPixel * perPixel.jpegCoefficient : 0;
  // EXIF data may turn it, for which all of it has to be there.
  if (plainJpegSize(bytes) !== null) return { pixels, bytesPerPixel: coefficients };
  const times = Math.min(frame.widthPx, frame.heightPx) / shortSidePx;
  const shrink = times >= mostShrunk ? mostShrunk : 2 ** Math.max(0, Math.floor(Math.log2(times)));
  return { pixels, bytesPerPixel: coefficients + perPixel.wholeRgb / shrink ** 2 };
}

/** By the first chunk (PNG specification, 11.2.2): bits a sample, colours, interlacing. */
function pngLoad(bytes: Uint8Array): Load | null {
  const size = pngSize(bytes);
  if (size === null) return null;
  const [bits = 8, colours = 2, , , interlacing = 0] = bytes.subarray(24, 29);
  const whole = interlacing === 1 ? perPixel.interlacedPng * Math.max(1, bits / 8) : 0;
  // Grey with alpha, RGB with alpha, or a colour that is transparent; or EXIF data that may turn it.
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 65_536));
  const isWhole = colours >= 4 || head.includes("tRNS") || head.includes("eXIf");
  return { pixels: pixelsOf(size), bytesPerPixel: whole + (isWhole ? perPixel.wholeRgb : 0) };
}

function tiffLoad(bytes: Uint8Array): Load | null {
  const header = readTiffHeader(bytes);
  if (header === null || unsupportedTiff(header) !== null) return null;
  const { heightPx, bands, bits, isTiled, rowsPerStrip, isTurned } = header;
  const isWhole = isTurned || (!isTiled && rowsPerStrip >= heightPx);
  const stored = isWhole ? Math.ceil(bits / 8) * bands : 0;
  const alpha = header.extraSamples.length > 0 ? perPixel.wholeRgb : 0;
  return { pixels: pixelsOf(header), bytesPerPixel: stored + alpha };
}
