export interface ImageSize {
  widthPx: number;
  heightPx: number;
}

/**
 * Size of a JPEG by its frame header (ITU T.81, B.2.2), or null when it has EXIF data, which may turn it, or anything
 * unusual: then the decoder's own header reading, which takes 0.3 ms more, has to tell.
 */
export function plainJpegSize(bytes: Uint8Array): ImageSize | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: ImageSize | null = null;
  let at = 2;
  while (at + 9 <= file.length && file[at] === 0xff) {
    const marker = file[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const segmentBytes = file.readUInt16BE(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    // EXIF data may stand behind the frame header too, but not behind the start of the scan.
    if (marker === 0xe1) return null;
    if (marker === 0xda) return size;
    if (isFrame && size === null) {
      size = { heightPx: file.readUInt16BE(at + 5), widthPx: file.readUInt16BE(at + 7) };
      if (size.heightPx === 0 || size.widthPx === 0) return null;
    }
    const isStandalone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9);
    if (isStandalone || segmentBytes < 2) return null;
    at += 2 + segmentBytes;
  }
  return null;
}
