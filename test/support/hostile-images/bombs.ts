import { deflateSync } from "node:zlib";
import type { Format } from "./hostile-image.js";
import { insertPngChunks, pngChunk } from "./metadata.js";

export interface Bomb {
  name: string;
  format: Format;
  bytes: Buffer;
  expected: "ok" | "IMAGE_TOO_LARGE" | null;
}

/** Small files that ask for much memory or time. */
export function bombs(whole: Record<"jpeg" | "png" | "gif", Buffer>): Bomb[] {
  return [
    { name: "pixels-900m", format: "png", bytes: greyPng(30_000, 30_000), expected: "IMAGE_TOO_LARGE" },
    // Under the limit of pixels: it has to be decoded, 64 million of them out of 62 kB.
    { name: "pixels-64m", format: "png", bytes: greyPng(8_000, 8_000), expected: "ok" },
    { name: "one-row", format: "png", bytes: greyPng(1_000_000, 1), expected: null },
    { name: "one-column", format: "png", bytes: greyPng(1, 1_000_000), expected: null },
    { name: "icc-64m", format: "png", bytes: insertPngChunks(whole.png, [iccChunk(64_000_000)]), expected: null },
    { name: "text-64m", format: "png", bytes: insertPngChunks(whole.png, [textChunk(64_000_000)]), expected: null },
    { name: "text-5000-chunks", format: "png", bytes: insertPngChunks(whole.png, manyTexts(5_000)), expected: null },
    { name: "frames-3000", format: "gif", bytes: repeatedFrames(whole.gif, 3_000), expected: null },
    { name: "scans-2000", format: "jpeg", bytes: repeatedScans(whole.jpeg, 2_000), expected: null },
    { name: "directory-loop", format: "tiff", bytes: tiffWithLoop(), expected: null },
    { name: "directory-65535-entries", format: "tiff", bytes: tiffWithManyEntries(), expected: null },
  ];
}

/** All black; deflate makes a thousandth of it. */
function greyPng(widthPx: number, heightPx: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(widthPx, 0);
  head.writeUInt32BE(heightPx, 4);
  // One bit a pixel.
  head[8] = 1;
  const rows = Buffer.alloc((Math.ceil(widthPx / 8) + 1) * heightPx);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    pngChunk("IHDR", head),
    pngChunk("IDAT", deflateSync(rows, { level: 9 })),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

function iccChunk(sizeBytes: number): Buffer {
  return pngChunk("iCCP", Buffer.concat([Buffer.from("p\0\0", "latin1"), deflateSync(Buffer.alloc(sizeBytes))]));
}

function textChunk(sizeBytes: number): Buffer {
  return pngChunk("zTXt", Buffer.concat([Buffer.from("t\0\0", "latin1"), deflateSync(Buffer.alloc(sizeBytes, 65))]));
}

function manyTexts(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => pngChunk("tEXt", Buffer.from(`k${i}\0v`, "latin1")));
}

/** Everything between the head with its colour table and the trailer, over and over. */
function repeatedFrames(gif: Buffer, times: number): Buffer {
  const start = 13 + (gif[10]! & 0x80 ? 3 * 2 ** ((gif[10]! & 7) + 1) : 0);
  const frame = gif.subarray(start, gif.length - 1);
  return Buffer.concat([gif.subarray(0, start), ...Array.from({ length: times }, () => frame), Buffer.from([0x3b])]);
}

/** The only scan again and again, as a progressive file may have many. */
function repeatedScans(jpeg: Buffer, times: number): Buffer {
  const start = jpeg.lastIndexOf("\xff\xda", undefined, "latin1");
  const scan = jpeg.subarray(start, jpeg.length - 2);
  return Buffer.concat([jpeg.subarray(0, start), ...Array.from({ length: times }, () => scan), jpeg.subarray(-2)]);
}

/** A directory that names itself as the next one. */
function tiffWithLoop(): Buffer {
  const bytes = Buffer.alloc(14 + 12);
  bytes.write("II*\0", "latin1");
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(1, 8);
  bytes.writeUInt16LE(256, 10);
  bytes.writeUInt16LE(4, 12);
  bytes.writeUInt32LE(1, 14);
  bytes.writeUInt32LE(10, 18);
  bytes.writeUInt32LE(8, 22);
  return bytes;
}

function tiffWithManyEntries(): Buffer {
  const bytes = Buffer.alloc(10 + 12 * 65_535 + 4, 0xff);
  bytes.write("II*\0", "latin1");
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(65_535, 8);
  return bytes;
}
