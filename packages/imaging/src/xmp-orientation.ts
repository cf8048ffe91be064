import type { Sharp } from "sharp";

/** What makes an image upright. */
export interface Turn {
  /** Mirrored left to right, before it is turned. */
  isMirrored: boolean;
  /** Degrees clockwise. */
  degrees: 0 | 90 | 180 | 270;
  /** Whether width and height change places. */
  swapsSides: boolean;
}

/** By the values of EXIF's orientation (https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E, 4.6.5). */
const turns: Readonly<Record<number, Omit<Turn, "swapsSides">>> = {
  2: { isMirrored: true, degrees: 0 },
  3: { isMirrored: false, degrees: 180 },
  4: { isMirrored: true, degrees: 180 },
  5: { isMirrored: true, degrees: 270 },
  6: { isMirrored: false, degrees: 90 },
  7: { isMirrored: true, degrees: 90 },
  8: { isMirrored: false, degrees: 270 },
};

/** Where EXIF data say nothing, the orientation of XMP counts, as for Pillow's `ImageOps.exif_transpose`. null when it is upright. */
export function turnOfXmp(xmp: Buffer | undefined): Turn | null {
  const value = xmp && /tiff:Orientation(?:="|>)([0-9])/.exec(xmp.toString("latin1"))?.[1];
  const turn = turns[Number(value ?? 1)];
  return turn === undefined ? null : { ...turn, swapsSides: turn.degrees % 180 !== 0 };
}

export function turned(image: Sharp, { isMirrored, degrees }: Turn): Sharp {
  return isMirrored ? image.flop().rotate(degrees) : image.rotate(degrees);
}
