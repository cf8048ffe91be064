import type { Format } from "./hostile-image.js";

/**
 * Where a file's parts begin: segments, chunks, blocks, boxes, directory entries. Truncating there leaves what decoders trust
 * most: a file whose every part is whole.
 */
export function structuralPoints(bytes: Buffer, format: Format): number[] {
  const points = new Set([1, 2, 4, 8, 12, 16, 24, 32, bytes.length - 1, ...walkers[format](bytes)]);
  return [...points].filter((at) => at > 0 && at < bytes.length).sort((a, b) => a - b);
}

const walkers: Record<Format, (bytes: Buffer) => number[]> = {
  jpeg: jpegSegments,
  png: (bytes) => chunks(bytes, 8, (at) => [bytes.readUInt32BE(at) + 12, 4]),
  webp: (bytes) => chunks(bytes, 12, (at) => [8 + bytes.readUInt32LE(at + 4) + (bytes.readUInt32LE(at + 4) & 1), 8]),
  gif: gifBlocks,
  avif: (bytes) => boxes(bytes, 0, bytes.length),
  tiff: tiffParts,
};

/** Parts one after another. `next` tells a part's whole size, and that of its head. */
function chunks(bytes: Buffer, start: number, next: (at: number) => [sizeBytes: number, headBytes: number]): number[] {
  const points: number[] = [];
  for (let at = start; at + 8 <= bytes.length; ) {
    const [sizeBytes, headBytes] = next(at);
    points.push(at, at + headBytes, at + Math.floor(sizeBytes / 2), at + sizeBytes - 1);
    at += sizeBytes;
  }
  return points;
}

function jpegSegments(bytes: Buffer): number[] {
  const points: number[] = [];
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xd9) {
    const sizeBytes = 2 + bytes.readUInt16BE(at + 2);
    points.push(at, at + 2, at + 4, at + sizeBytes - 1);
    const isScan = bytes[at + 1] === 0xda;
    at += sizeBytes;
    if (!isScan) continue;
    const scanStart = at;
    while (at + 1 < bytes.length && (bytes[at] !== 0xff || bytes[at + 1] === 0 || (bytes[at + 1]! & 0xf8) === 0xd0))
      at++;
    points.push(Math.floor((scanStart + at) / 2), at);
  }
  return points;
}

function gifBlocks(bytes: Buffer): number[] {
  const colours = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const points = [6, 10, 13];
  let at = 13 + colours(bytes[10]!);
  while (at < bytes.length && bytes[at] !== 0x3b) {
    points.push(at, at + 1);
    at += bytes[at] === 0x21 ? 2 : 10 + colours(bytes[at + 9]!) + 1;
    // Sub-blocks, up to one of no bytes.
    for (; at < bytes.length && bytes[at] !== 0; at += bytes[at]! + 1) points.push(at, at + 1);
    at += 1;
  }
  return points;
}

/** ISO base media boxes; `meta` has a version before its children. */
function boxes(bytes: Buffer, start: number, end: number): number[] {
  const points: number[] = [];
  for (let at = start; at + 8 <= end; ) {
    const sizeBytes = Math.max(8, bytes.readUInt32BE(at));
    const type = bytes.toString("latin1", at + 4, at + 8);
    points.push(at, at + 4, at + 8, at + Math.floor(sizeBytes / 2));
    if (type === "meta") points.push(...boxes(bytes, at + 12, at + sizeBytes));
    if (type === "iprp" || type === "ipco") points.push(...boxes(bytes, at + 8, at + sizeBytes));
    at += sizeBytes;
  }
  return points;
}

function tiffParts(bytes: Buffer): number[] {
  const { u16, u32 } = tiffReader(bytes);
  const points: number[] = [];
  const directory = u32(4);
  if (directory + 2 > bytes.length) return points;
  const entries = u16(directory);
  points.push(directory, directory + 2);
  for (let i = 0; i < entries; i++) points.push(directory + 2 + 12 * i, directory + 2 + 12 * i + 8);
  points.push(directory + 2 + 12 * entries, Math.floor(directory / 2), Math.floor(directory / 3));
  return points;
}

export function tiffReader(bytes: Buffer): { u16: (at: number) => number; u32: (at: number) => number } {
  const isLittle = bytes[0] === 0x49;
  return {
    u16: (at) => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)),
    u32: (at) => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)),
  };
}
