import { crc32 } from "node:zlib";
import type { Format } from "./hostile-image.js";
import { tiffReader } from "./structure.js";

/** The file with another size in its head, and everything else as it was; null where the head has no such field. */
export function withDimensions(bytes: Buffer, format: Format, widthPx: number, heightPx: number): Buffer | null {
  return patchers[format](Buffer.from(bytes), widthPx, heightPx);
}

const patchers: Record<Format, (bytes: Buffer, widthPx: number, heightPx: number) => Buffer | null> = {
  jpeg(bytes, widthPx, heightPx) {
    for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
      if (bytes[at + 1] !== 0xc0 && bytes[at + 1] !== 0xc2) continue;
      bytes.writeUInt16BE(heightPx & 0xffff, at + 5);
      bytes.writeUInt16BE(widthPx & 0xffff, at + 7);
      return bytes;
    }
    return null;
  },
  png(bytes, widthPx, heightPx) {
    bytes.writeUInt32BE(widthPx, 16);
    bytes.writeUInt32BE(heightPx, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    return bytes;
  },
  webp(bytes, widthPx, heightPx) {
    const type = bytes.toString("latin1", 12, 16);
    if (type === "VP8 ") {
      bytes.writeUInt16LE(widthPx & 0x3fff, 26);
      bytes.writeUInt16LE(heightPx & 0x3fff, 28);
    } else if (type === "VP8L") {
      bytes.writeUInt32LE(((((heightPx - 1) & 0x3fff) << 14) | ((widthPx - 1) & 0x3fff)) >>> 0, 21);
    } else {
      bytes.writeUIntLE((widthPx - 1) & 0xffffff, 24, 3);
      bytes.writeUIntLE((heightPx - 1) & 0xffffff, 27, 3);
    }
    return bytes;
  },
  gif(bytes, widthPx, heightPx) {
    bytes.writeUInt16LE(widthPx & 0xffff, 6);
    bytes.writeUInt16LE(heightPx & 0xffff, 8);
    return bytes;
  },
  avif(bytes, widthPx, heightPx) {
    const at = bytes.indexOf("ispe", 0, "latin1");
    if (at === -1) return null;
    bytes.writeUInt32BE(widthPx, at + 8);
    bytes.writeUInt32BE(heightPx, at + 12);
    return bytes;
  },
  tiff(bytes, widthPx, heightPx) {
    const { u16, u32 } = tiffReader(bytes);
    const isLittle = bytes[0] === 0x49;
    const directory = u32(4);
    for (let i = 0; i < u16(directory); i++) {
      const at = directory + 2 + 12 * i;
      const value = u16(at) === 256 ? widthPx : u16(at) === 257 ? heightPx : null;
      if (value === null) continue;
      const isShort = u16(at + 2) === 3;
      if (isShort && isLittle) bytes.writeUInt16LE(value & 0xffff, at + 8);
      else if (isShort) bytes.writeUInt16BE(value & 0xffff, at + 8);
      else if (isLittle) bytes.writeUInt32LE(value, at + 8);
      else bytes.writeUInt32BE(value, at + 8);
    }
    return bytes;
  },
};

/** Nothing, one pixel more, far too much for the data, and far too much for any memory. */
export const wrongDimensions: [widthPx: number, heightPx: number][] = [
  [0, 0],
  [0, 32],
  [1, 1],
  [49, 33],
  [480, 320],
  [48, 60_000],
  [16_383, 16_383],
  [65_500, 65_500],
  [0x7fffffff, 0x7fffffff],
];
