import { LabelfleetError } from "@labelfleet/shared/errors";
import type { DecodeOptions } from "./decode.js";
import { toImageError } from "./decode-errors.js";
import { nameOfForeignFormat } from "./foreign-formats.js";
import { type ImageFormat, mayBeCut, sniffFormat } from "./formats.js";
import { frameAlone, readGifFirstFrame, withoutTransparency } from "./gif-first-frame.js";
import { asStillAvif, isAvifSequence } from "./heif-boxes.js";
import { readJpegFrame } from "./jpeg-frame.js";
import { type ImageSize, plainJpegSize } from "./jpeg-size.js";
import { furtherTurn } from "./orientation.js";
import { pngSize } from "./png-size.js";
import { type ColourTraits, type Open, type RgbSource, rgbSource } from "./rgb-source.js";
import { inputOptions, sharp } from "./sharp-setup.js";
import { tiffHasAlpha, unsupportedTiff } from "./tiff-features.js";
import { readTiffHeader, type TiffHeader, withoutOrientation } from "./tiff-header.js";

/** Seconds; sharp refuses more. */
const longestSharpTimeout = 3_600;

/** An image file that is known to be of our formats and within the limits. */
export interface ImageFile {
  format: ImageFormat;
  /** As it is shown. */
  size: ImageSize;
  /** Whether it is stored as it is shown. */
  isUpright: boolean;
  /** @param isResized whether sharp is to resize the image */
  source(isResized: boolean): Promise<RgbSource>;
  /** Decodes every row; those outside of a crop are not decoded otherwise, so what is missing there would go unnoticed. */
  readEveryPixel(): Promise<void>;
}

/** @throws IMAGE_EMPTY, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE or DECODE_TIMEOUT */
export async function openImageFile(original: Uint8Array, options: DecodeOptions): Promise<ImageFile> {
  const format = formatOf(original);
  const { bytes, traits } = asDecodersTakeIt(original, format, options.background ?? null);
  const input = inputOptions(options.maxPixels);
  const seconds = Math.min(longestSharpTimeout, Math.ceil((options.timeoutMs ?? 0) / 1000));
  const open: Open = () => sharp(bytes, input).timeout({ seconds });
  const {
    isUpright,
    size: stored,
    ...found
  } = await headerOf(bytes, format, open, options).catch((error: unknown) => {
    throw toImageError(error, options);
  });
  const size = withMargins(stored, traits.margins);
  if (size.widthPx * size.heightPx > options.maxPixels) throw tooLarge(size, options);
  const colours = { ...found, ...traits };
  return {
    format,
    size,
    isUpright,
    source: (isResized) => rgbSource(open, colours, { width: size.widthPx, height: size.heightPx }, isResized),
    async readEveryPixel() {
      if (!mayBeCut(bytes, format)) return;
      await open().resize({ width: 1, height: 1, fit: "fill", fastShrinkOnLoad: false }).raw().toBuffer();
    },
  };
}

function formatOf(bytes: Uint8Array): ImageFormat {
  if (bytes.byteLength === 0) throw new LabelfleetError("IMAGE_EMPTY", "the object has zero bytes");
  const format = sniffFormat(bytes);
  if (format !== null) return format;
  const name = nameOfForeignFormat(bytes);
  const text =
    name === null
      ? "the bytes are not JPEG, PNG, WebP, GIF, AVIF or TIFF"
      : `the image is ${name}, which is not supported (JPEG, PNG, WebP, GIF, AVIF and TIFF are)`;
  throw new LabelfleetError("IMAGE_UNSUPPORTED", text);
}

/** What our own reading of a file's header decides, against what sharp would find. */
interface Prepared {
  bytes: Uint8Array;
  traits: Partial<ColourTraits> & Pick<ColourTraits, "background" | "margins" | "mayShrink">;
}

/** The file, with what decoders read otherwise than Pillow put right. */
function asDecodersTakeIt(bytes: Uint8Array, format: ImageFormat, background: string | null): Prepared {
  const traits = { background, margins: null, mayShrink: format === "jpeg" };
  if (format === "tiff") return asTiff(bytes, traits);
  if (format === "jpeg") refuseForeignJpeg(bytes);
  if (format === "gif") return asGif(bytes, traits);
  if (format === "avif" && isAvifSequence(bytes)) {
    const still = asStillAvif(bytes);
    if (still === null) throw unsupported("an AVIF sequence without a still image");
    return { bytes: still, traits };
  }
  return { bytes, traits };
}

/** Components of a JPEG that are colours: grey, YCbCr or RGB, CMYK or YCCK. */
const jpegComponents = [1, 3, 4];

function refuseForeignJpeg(bytes: Uint8Array): void {
  const components = readJpegFrame(bytes)?.components;
  if (components === undefined || jpegComponents.includes(components)) return;
  throw unsupported(`a JPEG with ${components} components`);
}

function asTiff(bytes: Uint8Array, traits: Prepared["traits"]): Prepared {
  const header = readTiffHeader(bytes);
  if (header === null) return { bytes, traits };
  if (header.raw !== null) throw unsupported(header.raw);
  const feature = unsupportedTiff(header);
  if (feature !== null) throw unsupported(`a TIFF with ${feature}`);
  // A band of another meaning is no alpha: nothing is flattened by it.
  const background = tiffHasAlpha(header) ? traits.background : null;
  return { bytes: isMeaningless(header) ? withoutOrientation(bytes) : bytes, traits: { ...traits, background } };
}

function isMeaningless({ orientation }: TiffHeader): boolean {
  return orientation !== null && (orientation < 1 || orientation > 8);
}

/** Its decoder paints neither transparent pixels nor those around the frame, whose colour is of the palette all the same. */
function asGif(bytes: Uint8Array, traits: Prepared["traits"]): Prepared {
  const frame = readGifFirstFrame(bytes);
  if (frame === null) return { bytes, traits };
  if (!frame.hasPalette) throw unsupported("a GIF without a palette");
  if (frame.isEmpty) throw new LabelfleetError("IMAGE_CORRUPT", "the first frame of the GIF has no pixels");
  const painted = traits.background === null ? withoutTransparency(bytes, frame) : bytes;
  if (frame.margins === null) return { bytes: painted, traits };
  const margins = { ...frame.margins, background: traits.background ?? frame.fill };
  return { bytes: frameAlone(painted, frame), traits: { ...traits, margins } };
}

function withMargins({ widthPx, heightPx }: ImageSize, margins: ColourTraits["margins"]): ImageSize {
  const { left, right, top, bottom } = margins ?? { left: 0, right: 0, top: 0, bottom: 0 };
  return { widthPx: widthPx + left + right, heightPx: heightPx + top + bottom };
}

type Header = { isUpright: boolean; size: ImageSize } & Omit<ColourTraits, "background" | "margins" | "mayShrink">;

async function headerOf(bytes: Uint8Array, format: ImageFormat, open: Open, limits: DecodeOptions): Promise<Header> {
  const plain = format === "jpeg" ? plainJpegSize(bytes) : null;
  if (plain) {
    const isCmyk = readJpegFrame(bytes)?.components === 4;
    return { size: plain, isUpright: true, isCmyk, hasAlpha: false, is16Bit: false, turn: null };
  }
  // The decoder complains on stderr of numbers that are none for it; a size beyond the limit need not come to it.
  const declared = format === "png" ? pngSize(bytes) : null;
  if (declared && declared.widthPx * declared.heightPx > limits.maxPixels) throw tooLarge(declared, limits);
  const metadata = await open().metadata();
  const { autoOrient, orientation, space, hasAlpha, depth } = metadata;
  // Its decoder calls a TIFF upright that does not say.
  const isSilent = format === "tiff" ? readTiffHeader(bytes)?.orientation === null : orientation === undefined;
  const turn = isSilent ? furtherTurn(metadata) : null;
  const { width, height } = autoOrient;
  return {
    size: turn?.swapsSides ? { widthPx: height, heightPx: width } : { widthPx: width, heightPx: height },
    isUpright: (orientation ?? 1) === 1 && turn === null,
    isCmyk: space === "cmyk",
    is16Bit: depth === "ushort",
    hasAlpha,
    turn,
  };
}

function unsupported(what: string): LabelfleetError {
  return new LabelfleetError("IMAGE_UNSUPPORTED", `the image is ${what}, which is not supported`);
}

function tooLarge(size: ImageSize, limits: DecodeOptions): LabelfleetError {
  const text = `the image has ${size.widthPx} x ${size.heightPx} pixels, the limit is ${limits.maxPixels}`;
  return new LabelfleetError("IMAGE_TOO_LARGE", text);
}
