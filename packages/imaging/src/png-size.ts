import type { ImageSize } from "./jpeg-size.js";

/** Size of a PNG by its first chunk (PNG specification, 11.2.2), or null when that is not the header it has to be. */
export function pngSize(bytes: Uint8Array): ImageSize | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 24));
  if (file.length < 24 || file.toString("latin1", 12, 16) !== "IHDR") return null;
  return { widthPx: file.readUInt32BE(16), heightPx: file.readUInt32BE(20) };
}
