import type { ImageSize } from "./jpeg-size.js";

/** Size of a WebP by its first chunk (https://developers.google.com/speed/webp/docs/riff_container); null for what is cut off. */
export function webpSize(bytes: Uint8Array): (ImageSize & { hasAlpha: boolean }) | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 30));
  if (file.length < 30) return null;
  switch (file.toString("latin1", 12, 16)) {
    case "VP8X":
      return {
        widthPx: file.readUIntLE(24, 3) + 1,
        heightPx: file.readUIntLE(27, 3) + 1,
        hasAlpha: (file[20]! & 0x10) !== 0,
      };
    case "VP8L": {
      const bits = file.readUInt32LE(21);
      return {
        widthPx: (bits & 0x3fff) + 1,
        heightPx: ((bits >> 14) & 0x3fff) + 1,
        hasAlpha: ((bits >> 28) & 1) === 1,
      };
    }
    case "VP8 ":
      return { widthPx: file.readUInt16LE(26) & 0x3fff, heightPx: file.readUInt16LE(28) & 0x3fff, hasAlpha: false };
    default:
      return null;
  }
}
