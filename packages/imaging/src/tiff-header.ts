/** What the first image of a TIFF says of itself (TIFF 6.0; BigTIFF, https://www.awaresystems.be/imaging/tiff/bigtiff.html). */
export interface TiffHeader {
  widthPx: number;
  heightPx: number;
  /** The most bits of a sample. */
  bits: number;
  /** Samples of a pixel, those without a colour included. */
  bands: number;
  compression: number;
  photometric: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  sampleFormat: number;
  /** Of each further sample: 0 unspecified, 1 associated alpha, 2 unassociated alpha. */
  extraSamples: readonly number[];
  isPlanar: boolean;
  isTiled: boolean;
  /** Rows that are decoded together; Infinity where the image is one strip. */
  rowsPerStrip: number;
  /** 1 to 8, or what is none; null where the file does not say. */
  orientation: number | null;
  /** Whether rows are not shown as they are stored. */
  isTurned: boolean;
  /** 1 what is usual, 2 inks that are no CMYK. */
  inkSet: number;
  /** The name of a camera raw format that uses TIFF's container. */
  raw: string | null;
}

const tags = {
  subfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  orientation: 274,
  bands: 277,
  rowsPerStrip: 278,
  planar: 284,
  tileWidth: 322,
  subImages: 330,
  inkSet: 332,
  extraSamples: 338,
  sampleFormat: 339,
  dngVersion: 50706,
} as const;

/** Entries of a directory; more are made to take long. */
const maxEntries = 4_096;
const maxValues = 32;
/** Bytes of a value, by its field type; what is no whole number is not read. */
const typeBytes: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };

/** null for what is cut off or no TIFF; the decoder then says what is wrong. */
export function readTiffHeader(bytes: Uint8Array): TiffHeader | null {
  try {
    const values = readDirectory(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return values && headerOf(values, Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 10)));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The same TIFF, upright as it is stored, in place of an orientation that means nothing and that the decoder stops at. */
export function withoutOrientation(bytes: Uint8Array): Uint8Array {
  const upright = Uint8Array.from(bytes);
  const field = readFields(Buffer.from(upright.buffer))?.fields.find(({ tag }) => tag === tags.orientation);
  if (field === undefined) return bytes;
  const { from, size } = field;
  upright.fill(0, from, from + size);
  upright[upright[0] === 0x49 ? from : from + size - 1] = 1;
  return upright;
}

/** The orientation that EXIF data have, which are a TIFF without pixels; null where they have none. */
export function orientationOfExif(exif: Uint8Array): number | null {
  try {
    const values = readDirectory(Buffer.from(exif.buffer, exif.byteOffset, exif.byteLength));
    return values?.get(tags.orientation)?.[0] ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

interface Field {
  tag: number;
  /** Bytes of a value. */
  size: number;
  count: number;
  /** Where the values stand. */
  from: number;
}

/** The fields of the first directory that hold whole numbers. @throws RangeError where the file ends before them */
function readFields(file: Buffer): { fields: Field[]; read: (at: number, size: number) => number } | null {
  const isLittle = file[0] === 0x49;
  const u16 = (at: number) => (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const u32 = (at: number) => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const u64 = (at: number) => Number(isLittle ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at));
  const isBig = u16(2) === 43;
  const start = isBig ? u64(8) : u32(4);
  const entries = isBig ? u64(start) : u16(start);
  if (entries > maxEntries) return null;
  const fields: Field[] = [];
  for (let entry = 0; entry < entries; entry++) {
    const at = isBig ? start + 8 + entry * 20 : start + 2 + entry * 12;
    const size = typeBytes[u16(at + 2)];
    if (size === undefined) continue;
    const count = isBig ? u64(at + 4) : u32(at + 4);
    const field = isBig ? at + 12 : at + 8;
    const isInside = count * size <= (isBig ? 8 : 4);
    fields.push({ tag: u16(at), size, count, from: isInside ? field : isBig ? u64(field) : u32(field) });
  }
  const readers = { 1: (at: number) => file.readUInt8(at), 2: u16, 4: u32, 8: u64 } as Record<number, typeof u16>;
  return { fields, read: (at, size) => readers[size]!(at) };
}

/** The numbers of the first directory, by tag. @throws RangeError where the file ends before them */
function readDirectory(file: Buffer): Map<number, number[]> | null {
  const directory = readFields(file);
  if (directory === null) return null;
  const { fields, read } = directory;
  return new Map(
    fields.map(({ tag, size, count, from }) => [
      tag,
      Array.from({ length: Math.min(count, maxValues) }, (_, i) => read(from + i * size, size)),
    ]),
  );
}

function headerOf(values: Map<number, number[]>, head: Buffer): TiffHeader | null {
  const first = (tag: number, usual: number) => values.get(tag)?.[0] ?? usual;
  const widthPx = first(tags.width, 0);
  const heightPx = first(tags.height, 0);
  if (widthPx === 0 || heightPx === 0) return null;
  const isThumbnail = (first(tags.subfileType, 0) & 1) === 1 && values.has(tags.subImages);
  return {
    widthPx,
    heightPx,
    bits: Math.max(...(values.get(tags.bits) ?? [1])),
    bands: first(tags.bands, 1),
    compression: first(tags.compression, 1),
    photometric: first(tags.photometric, 0),
    sampleFormat: Math.max(...(values.get(tags.sampleFormat) ?? [1])),
    extraSamples: values.get(tags.extraSamples) ?? [],
    isPlanar: first(tags.planar, 1) === 2,
    isTiled: values.has(tags.tileWidth),
    rowsPerStrip: first(tags.rowsPerStrip, Number.POSITIVE_INFINITY),
    orientation: values.get(tags.orientation)?.[0] ?? null,
    isTurned: first(tags.orientation, 1) > 1,
    inkSet: first(tags.inkSet, 1),
    raw: rawOf(head, values.has(tags.dngVersion), isThumbnail),
  };
}

function rawOf(head: Buffer, isDng: boolean, isThumbnail: boolean): string | null {
  if (head.toString("latin1", 8, 10) === "CR") return "Canon CR2 camera raw";
  if (isDng) return "DNG camera raw";
  return isThumbnail ? "camera raw" : null;
}
