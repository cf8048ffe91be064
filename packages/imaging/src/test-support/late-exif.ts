/** A JPEG's EXIF data moved behind its frame header, where the decoder still reads them. For tests. */
export function withExifBehindFrame(bytes: Buffer): Buffer {
  const exif = segmentAt(bytes, bytes.indexOf(Buffer.from([0xff, 0xe1])));
  const frame = segmentAt(bytes, bytes.indexOf(Buffer.from([0xff, 0xc0])));
  return Buffer.concat([
    bytes.subarray(0, exif.start),
    bytes.subarray(exif.end, frame.end),
    bytes.subarray(exif.start, exif.end),
    bytes.subarray(frame.end),
  ]);
}

function segmentAt(bytes: Buffer, start: number): { start: number; end: number } {
  return { start, end: start + 2 + bytes.readUInt16BE(start + 2) };
}
