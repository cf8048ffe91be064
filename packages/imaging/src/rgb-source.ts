import type { Sharp } from "sharp";
import { rgbOfCmyk } from "./cmyk.js";
import type { Margins, Rgb } from "./gif-first-frame.js";
import { type Turn, turned } from "./orientation.js";
import { sharp } from "./sharp-setup.js";

/** The image anew: sharp's pipelines are used once. */
export type Open = () => Sharp;

/** RGB, rows first. */
export interface RgbPixels {
  data: Uint8Array;
  width: number;
  height: number;
}

/** An image that can be read in parts, as often as it is opened. */
export interface RgbSource {
  /** A pipeline of the image, upright, without resize or crop. */
  readonly open: Open;
  /** What has become of it there, as RGB of 8 bits, three bytes a pixel. */
  read(image: Sharp): Promise<Uint8Array>;
  /** Whether a decoder may make the image smaller, which is faster and less exact. */
  readonly mayShrink: boolean;
}

/** What decides how an image becomes RGB. */
export interface ColourTraits {
  isCmyk: boolean;
  is16Bit: boolean;
  /** Whether sharp sees a band of alpha, or what it takes for one. */
  hasAlpha: boolean;
  /** What transparent pixels are put on; null to see the colours that they have. */
  background: string | null;
  mayShrink: boolean;
  /** What surrounds the pixels that the file has. */
  margins: (Margins & { background: Rgb | string }) | null;
  /** What the image needs beside the orientation that sharp knows of. */
  turn: Turn | null;
}

/** An image as its file has it. */
function fileSource(openFile: Open, traits: ColourTraits): RgbSource {
  const { mayShrink, background } = traits;
  const readRgb = (image: Sharp) => image.removeAlpha().toColourspace("srgb").raw({ depth: "uchar" }).toBuffer();
  if (traits.isCmyk) {
    const open = () => openFile().pipelineColourspace("cmyk").autoOrient();
    return { open, read: (image) => readCmyk(image, traits.is16Bit), mayShrink };
  }
  const isFlattened = traits.hasAlpha && background !== null;
  const open = () => (isFlattened ? openFile().flatten({ background }) : openFile()).autoOrient();
  return { open, read: readRgb, mayShrink };
}

/** An image whose pixels are in memory. */
function pixelSource({ data, width, height }: RgbPixels): RgbSource {
  const open = () => sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
  return { open, read: (image) => image.raw().toBuffer(), mayShrink: false };
}

/**
 * How an image is read. sharp multiplies colours with their alpha before it resizes, which loses those of transparent pixels:
 * such an image is decoded as a whole first.
 *
 * @param size of the upright image
 * @param isResized whether sharp is to resize the image
 */
export async function rgbSource(
  openFile: Open,
  traits: ColourTraits,
  size: { width: number; height: number },
  isResized: boolean,
): Promise<RgbSource> {
  const source = fileSource(openFile, traits);
  const losesColours = isResized && traits.hasAlpha && (traits.background === null || traits.isCmyk);
  const { turn, margins } = traits;
  if (!losesColours && turn === null && margins === null) return source;
  const stored = turn?.swapsSides ? { width: size.height, height: size.width } : size;
  const image = margins === null ? source.open() : source.open().extend(margins);
  const pixels = pixelSource({ ...stored, data: await source.read(image) });
  return turn === null ? pixels : pixelSource({ ...size, data: await pixels.read(turned(pixels.open(), turn)) });
}

async function readCmyk(image: Sharp, is16Bit: boolean): Promise<Uint8Array> {
  const depth = is16Bit ? "ushort" : "uchar";
  const inks = await image.removeAlpha().toColourspace("cmyk").raw({ depth }).toBuffer();
  return rgbOfCmyk(is16Bit ? new Uint16Array(Uint8Array.from(inks).buffer) : inks);
}
