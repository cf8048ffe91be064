import type { TiffHeader } from "./tiff-header.js";

const photometrics = { whiteIsZero: 0, blackIsZero: 1, rgb: 2, palette: 3, separated: 5, yCbCr: 6 } as const;

/** Samples of a pixel that are colours. */
const coloursOf: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3 };

/** Bands that libvips' loader takes. */
const maxBands = 5;

const foreignPhotometrics: Readonly<Record<number, string>> = {
  4: "a transparency mask",
  8: "CIE L*a*b* colours",
  9: "ICC L*a*b* colours",
  10: "ITU L*a*b* colours",
  32803: "a colour filter array (camera raw)",
  32844: "LogL luminance",
  32845: "LogLuv colours",
  34892: "linear raw colours",
};

const readCompressions: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50001]);
const jpeg = 7;
const foreignCompressions: Readonly<Record<number, string>> = {
  6: "old-style JPEG",
  9: "JBIG",
  10: "JBIG",
  32809: "ThunderScan",
  34661: "JBIG",
  34712: "JPEG 2000",
  34887: "LERC",
  34892: "lossy JPEG of DNG",
  34925: "LZMA",
  50000: "ZSTD",
  50002: "JPEG XL",
  52546: "JPEG XL",
};

/**
 * Why a TIFF is not read, as the end of a sentence ("a TIFF with …"); null when it is. Read is what has one meaning: what it says
 * of its bands, and what their numbers are scaled to.
 */
export function unsupportedTiff(header: TiffHeader): string | null {
  const { photometric, compression, bands, isPlanar, isTiled } = header;
  if (!readCompressions.has(compression)) {
    const name = foreignCompressions[compression];
    return name === undefined ? `compression ${compression}` : `${name} compression`;
  }
  const colours = coloursOf[photometric];
  if (colours === undefined) return foreignPhotometrics[photometric] ?? `photometric interpretation ${photometric}`;
  if (photometric === photometrics.yCbCr && compression !== jpeg) return "YCbCr colours without JPEG compression";
  if (photometric === photometrics.separated && header.inkSet !== 1) return "inks other than CMYK";
  if (isPlanar && isTiled && bands > 1) return "tiles of separate planes";
  return unsupportedSamples(header) ?? unsupportedBands(header, colours);
}

function unsupportedSamples({ sampleFormat, bits, photometric }: TiffHeader): string | null {
  if (sampleFormat === 3) return `samples of ${bits}-bit floating point`;
  if (sampleFormat === 2) return `signed samples of ${counted(bits, "bit")}`;
  if (sampleFormat > 4) return "complex samples";
  const isOneBand = coloursOf[photometric] === 1;
  const isRead = bits === 8 || bits === 16 || (isOneBand && [1, 2, 4].includes(bits));
  return isRead ? null : `samples of ${counted(bits, "bit")}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Beside its colours an image may have bands of any meaning; a grey one that has them is no picture, unless they are its alpha. */
function unsupportedBands({ bands, extraSamples }: TiffHeader, colours: number): string | null {
  const isTooFew = bands < colours;
  const isUnnamed = colours === 1 && (bands > 2 || (bands === 2 && !isAlpha(extraSamples[0])));
  if (isTooFew || isUnnamed || bands > maxBands)
    return `${counted(bands, "band")} of ${colours === 1 ? "unspecified meaning" : `${colours} colours`}`;
  return null;
}

/** Whether the only further band is an alpha. */
export function tiffHasAlpha({ extraSamples }: TiffHeader): boolean {
  return extraSamples.length === 1 && isAlpha(extraSamples[0]);
}

function isAlpha(meaning: number | undefined): boolean {
  return meaning === 1 || meaning === 2;
}
