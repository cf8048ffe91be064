import type { ImageSize } from "./jpeg-size.js";

export interface JpegFrame extends ImageSize {
  /** 1 grey, 3 YCbCr or RGB, 4 CMYK or YCCK. */
  components: number;
  /** Samples of all components for each pixel: 3 for 4:4:4, 1.5 for 4:2:0. */
  samplesPerPixel: number;
  /** Whether the decoder needs all coefficients at once, because they come in several scans. */
  hasSeveralScans: boolean;
}

/** A JPEG's frame header and what stands around it (ITU T.81, B.2); null for what is cut off or no JPEG. */
export function readJpegFrame(bytes: Uint8Array): JpegFrame | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: JpegFrame | null = null;
  for (let at = 2; at + 4 <= file.length && file[at] === 0xff; ) {
    const marker = file[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const segmentBytes = file.readUInt16BE(at + 2);
    if (segmentBytes < 2) return null;
    if (marker === 0xda) {
      if (frame === null || at + 4 >= file.length) return null;
      const hasSeveralScans = frame.hasSeveralScans || file[at + 4]! < frame.components;
      return { ...frame, hasSeveralScans };
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame && frame === null) frame = frameOf(file, at, marker);
    at += 2 + segmentBytes;
  }
  return null;
}

/** Progressive frames, whether coded by Huffman's or the arithmetic procedure. */
const progressive = new Set([0xc2, 0xc6, 0xca, 0xce]);

function frameOf(file: Buffer, at: number, marker: number): JpegFrame | null {
  const components = file[at + 9] ?? 0;
  if (at + 10 + 3 * components > file.length) return null;
  const sampling = Array.from({ length: components }, (_, i) => {
    const factors = file[at + 11 + 3 * i]!;
    return { across: factors >> 4, down: factors & 15 };
  });
  const most = Math.max(...sampling.map(({ across }) => across)) * Math.max(...sampling.map(({ down }) => down));
  const samples = sampling.reduce((sum, { across, down }) => sum + across * down, 0);
  return {
    heightPx: file.readUInt16BE(at + 5),
    widthPx: file.readUInt16BE(at + 7),
    components,
    samplesPerPixel: most > 0 ? samples / most : components,
    hasSeveralScans: progressive.has(marker),
  };
}
