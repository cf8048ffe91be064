import { crc32, deflateSync } from "node:zlib";

/** JPEG segments behind the start marker. */
function withSegments(jpeg: Buffer, segments: Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

function segment(marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** The JPEG with `count` APP1 segments of `sizeBytes`, each behind this identifier. */
export function withApp1(jpeg: Buffer, identifier: string, sizeBytes: number, count: number): Buffer {
  const body = Buffer.concat([Buffer.from(identifier, "latin1"), Buffer.alloc(sizeBytes, 0x41)]);
  return withSegments(
    jpeg,
    Array.from({ length: count }, () => segment(0xe1, body)),
  );
}

export function withIccProfile(jpeg: Buffer, profile: Buffer): Buffer {
  return withSegments(jpeg, [segment(0xe2, Buffer.concat([Buffer.from("ICC_PROFILE\0\x01\x01", "latin1"), profile]))]);
}

/** A PNG chunk with its checksum. */
export function pngChunk(type: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const chunk = Buffer.alloc(typed.length + 8);
  chunk.writeUInt32BE(body.length, 0);
  typed.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(typed), typed.length + 4);
  return chunk;
}

/** Behind the header chunk, which is always 25 bytes after the signature of 8. */
export function insertPngChunks(png: Buffer, chunks: Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

/** The PNG with a text of this size, plain and compressed. */
export function withPngText(png: Buffer, sizeBytes: number): Buffer {
  const plain = Buffer.concat([Buffer.from("Comment\0", "latin1"), Buffer.alloc(sizeBytes, 0x42)]);
  const packed = Buffer.concat([Buffer.from("Comment\0\0", "latin1"), deflateSync(Buffer.alloc(sizeBytes, 0x42))]);
  return insertPngChunks(png, [pngChunk("tEXt", plain), pngChunk("zTXt", packed)]);
}
