import type { Metadata, Sharp } from "sharp";
import { orientationOfExif } from "./tiff-header.js";

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

/**
 * The turn of an image whose decoder found no orientation: that of EXIF data which stand in a text of a PNG (ImageMagick wrote them
 * so), else that of XMP, as for Pillow's `ImageOps.exif_transpose`. null when it is upright.
 */
export function furtherTurn({ comments, xmp }: Pick<Metadata, "comments" | "xmp">): Turn | null {
  const turn = turns[orientationOfProfile(comments) ?? orientationOfXmp(xmp) ?? 1];
  return turn === undefined ? null : { ...turn, swapsSides: turn.degrees % 180 !== 0 };
}

function orientationOfXmp(xmp: Buffer | undefined): number | null {
  const value = xmp && /tiff:Orientation(?:="|>)([0-9])/.exec(xmp.toString("latin1"))?.[1];
  return value === undefined ? null : Number(value);
}

/** A line with the name, one with the number of bytes, then the bytes in hexadecimal digits. */
const rawProfile = /^\s*exif\s+\d+\s+(?:457869660000)?([0-9a-f\s]+)$/i;

function orientationOfProfile(comments: Metadata["comments"]): number | null {
  const profile = comments?.find(({ keyword }) => keyword === "Raw profile type exif");
  const digits = profile && rawProfile.exec(profile.text)?.[1]?.replace(/\s/g, "");
  return digits ? orientationOfExif(Buffer.from(digits, "hex")) : null;
}

export function turned(image: Sharp, { isMirrored, degrees }: Turn): Sharp {
  return isMirrored ? image.flop().rotate(degrees) : image.rotate(degrees);
}
