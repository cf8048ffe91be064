/** What is special about the first frame of a GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt). */
export interface GifFirstFrame {
  /** Where the byte stands whose lowest bit makes one colour transparent; null when none is. */
  transparencyAt: number | null;
  /** Where its image descriptor stands. */
  descriptorAt: number;
  /** One behind its last byte. */
  end: number;
  /** Whether its colours are in the file. */
  hasPalette: boolean;
  /** Whether it is 0 pixels wide or high. */
  isEmpty: boolean;
  /** Pixels of the screen around it; null when there are none. */
  margins: Margins | null;
  /** The colour of those, as Pillow fills them: the transparent one, else the first of the palette. */
  fill: Rgb;
}

export interface Margins {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Rgb {
  r: number;
  g: number;
  b: number;
}

/** null for what is cut off or no GIF; the decoder then says what is wrong. */
export function readGifFirstFrame(bytes: Uint8Array): GifFirstFrame | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 13) return null;
  const globalBytes = paletteBytes(file[10]!);
  let transparent: { at: number; index: number } | null = null;
  for (let at = 13 + globalBytes; at + 11 <= file.length; ) {
    if (file[at] === 0x2c) {
      const localBytes = paletteBytes(file[at + 9]!);
      const palette = localBytes > 0 ? at + 10 : 13;
      const index = transparent?.index ?? 0;
      const [r = 0, g = 0, b = 0] = file.subarray(palette + index * 3, palette + index * 3 + 3);
      return {
        transparencyAt: transparent?.at ?? null,
        descriptorAt: at,
        end: endOfBlocks(file, at + 11 + localBytes),
        hasPalette: globalBytes + localBytes > 0,
        isEmpty: file.readUInt16LE(at + 5) === 0 || file.readUInt16LE(at + 7) === 0,
        margins: marginsOf(file, at),
        fill: { r, g, b },
      };
    }
    if (file[at] !== 0x21) return null;
    // The last graphic control extension in front of a frame is its own.
    if (file[at + 1] === 0xf9 && file[at + 2] === 4) {
      transparent = (file[at + 3]! & 1) === 1 ? { at: at + 3, index: file[at + 6]! } : null;
    }
    at = endOfBlocks(file, at + 2);
  }
  return null;
}

function marginsOf(file: Buffer, descriptorAt: number): Margins | null {
  const [left, top, width, height] = [1, 3, 5, 7].map((offset) => file.readUInt16LE(descriptorAt + offset)) as Four;
  // A frame that juts out makes the screen larger.
  const right = Math.max(0, file.readUInt16LE(6) - left - width);
  const bottom = Math.max(0, file.readUInt16LE(8) - top - height);
  return left + top + right + bottom > 0 ? { left, top, right, bottom } : null;
}

type Four = [number, number, number, number];

function endOfBlocks(file: Buffer, start: number): number {
  let at = start;
  while (at < file.length && file[at] !== 0) at += file[at]! + 1;
  return at + 1;
}

function paletteBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/** The same GIF with no transparent colour in its first frame. */
export function withoutTransparency(bytes: Uint8Array, { transparencyAt }: GifFirstFrame): Uint8Array {
  if (transparencyAt === null) return bytes;
  const opaque = Uint8Array.from(bytes);
  opaque[transparencyAt]! &= 0xfe;
  return opaque;
}

/** A GIF of the first frame alone, on a screen of its size. */
export function frameAlone(bytes: Uint8Array, { descriptorAt, end }: GifFirstFrame): Uint8Array {
  const alone = Buffer.from(Uint8Array.from(bytes.subarray(0, Math.min(end, bytes.byteLength) + 1)).buffer);
  if (end < bytes.byteLength) alone[end] = 0x3b;
  alone.copyWithin(6, descriptorAt + 5, descriptorAt + 9);
  alone.fill(0, descriptorAt + 1, descriptorAt + 5);
  return alone;
}
