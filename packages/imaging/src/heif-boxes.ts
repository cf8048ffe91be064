import type { ImageSize } from "./jpeg-size.js";

/** The file type box (ISO/IEC 14496-12, 4.3) with every brand that anybody writes. */
const maxTypeBoxBytes = 512;
/** Where the properties of a file's images stand, in front of their data. */
const maxMetaBytes = 1_048_576;

function latin1(bytes: Uint8Array, maxBytes: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, maxBytes)).toString("latin1");
}

/** Whether the file is AVIF. HEIC files share the container, and may name AVIF's brand beside their own. */
export function isAvif(bytes: Uint8Array): boolean {
  const head = latin1(bytes, maxTypeBoxBytes);
  if (!head.startsWith("ftyp", 4)) return false;
  const major = head.slice(8, 12);
  if (major === "avif" || major === "avis") return true;
  if (/^he[iv]/.test(major)) return false;
  const boxBytes = Buffer.from(head.slice(0, 4), "latin1").readUInt32BE();
  const compatible = head.slice(16, boxBytes).match(/.{4}/gs) ?? [];
  if (!compatible.some((brand) => brand === "avif" || brand === "avis")) return false;
  // Of two brands, the coding of the items decides.
  return !compatible.some((brand) => /^he[iv]/.test(brand)) || latin1(bytes, maxMetaBytes).includes("av01");
}

/** Whether the file calls itself an animation, which libheif does not open: its still image can be read under AVIF's own brand. */
export function isAvifSequence(bytes: Uint8Array): boolean {
  return latin1(bytes, 12).endsWith("avis");
}

/** The same file as a still image; null when it has none but its frames. */
export function asStillAvif(bytes: Uint8Array): Uint8Array | null {
  if (!/pitm/.test(latin1(bytes, maxMetaBytes))) return null;
  const still = Uint8Array.from(bytes);
  still.set(Buffer.from("avif"), 8);
  return still;
}

/** The largest image of a file that has at most so many pixels, and its bits a sample, by the properties `ispe` and `av1C` (ISO/IEC 23008-12, 6.5). */
export function avifSize(bytes: Uint8Array, maxPixels: number): (ImageSize & { bits: number }) | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, maxMetaBytes));
  let largest: ImageSize | null = null;
  for (let at = file.indexOf("ispe"); at !== -1 && at + 16 <= file.length; at = file.indexOf("ispe", at + 4)) {
    const size = { widthPx: file.readUInt32BE(at + 8), heightPx: file.readUInt32BE(at + 12) };
    const pixels = size.widthPx * size.heightPx;
    if (pixels <= maxPixels && pixels > (largest === null ? 0 : largest.widthPx * largest.heightPx)) largest = size;
  }
  const coding = file.indexOf("av1C");
  const isDeep = coding !== -1 && coding + 7 <= file.length && (file[coding + 6]! & 0x40) !== 0;
  return largest && { ...largest, bits: isDeep ? 16 : 8 };
}
