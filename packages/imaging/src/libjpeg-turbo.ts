import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import koffi, { type KoffiFunc } from "koffi";
import type { ImageSize } from "./jpeg-size.js";

// libjpeg-turbo by its own C interface (turbojpeg.h): 0.6 ms of CPU time for a photo of 500x375, of which sharp, with a pipeline
// of operations and threads around such a decoder, makes 2.0 to 2.7, for the same pixels. Of the npm package only the shared library
// is used, since its binding always asks for the fast, less exact inverse DCT.

/** What is used of the library. Where a function returns a status, it is 0, or -1 for errors and warnings. */
interface Library {
  init: KoffiFunc<(kind: number) => Handle | null>;
  destroy: KoffiFunc<(handle: Handle) => void>;
  set: KoffiFunc<(handle: Handle, parameter: number, value: number) => number>;
  setScale: KoffiFunc<(handle: Handle, scale: { num: number; denom: number }) => number>;
  get: KoffiFunc<(handle: Handle, parameter: number) => number>;
  readHeader: KoffiFunc<(handle: Handle, bytes: Uint8Array, sizeBytes: number) => number>;
  decompress: KoffiFunc<
    (handle: Handle, bytes: Uint8Array, sizeBytes: number, to: Uint8Array, pitch: number, pixelFormat: number) => number
  >;
}

/** A pointer. */
type Handle = bigint;

/** Numbers of turbojpeg.h. */
const initDecompress = 1;
const parameter = { stopOnWarning: 0, widthPx: 5, heightPx: 6, bits: 7, scanLimit: 13, arithmetic: 14, lossless: 15 };
const pixelFormatRgb = 0;

/** A progressive JPEG of a camera or a web site has some ten scans; one of thousands is made to take long. */
const maxScans = 100;
/** Pixels times scans, some seconds' work: a decode cannot be interrupted. */
const maxScannedPixels = 400_000_000;

/** Decoded as a whole, in memory that is kept; sharp needs a few rows of larger images only. */
const maxDecodedPixels = 4_000_000;

/** The decoder's inverse DCT can make so many pixels of a row or column into one. */
export type Shrink = 1 | 2 | 4 | 8;

/** What decodes one image at a time, and the memory that it writes to. */
interface Decompressor {
  handle: Handle;
  rgb: Uint8Array;
}

/** A decode that runs on another thread; this keeps its memory from the garbage collector. */
interface Decode extends Decompressor {
  bytes: Uint8Array;
}

const library = openLibrary();
const idle: Decompressor[] = [];
const running = new Set<Decode>();

/** Whether there is a library for this platform; elsewhere sharp decodes everything. */
export const hasLibjpegTurbo = library !== null;

/**
 * Gives `use` the pixels of a JPEG as they are stored, RGB, rows first, valid until it returns, and their size: every side of
 * the image over `shrink`, rounded up. Resolves to null, without calling it, for what another decoder has to judge: errors and
 * warnings, CMYK, anything but 8-bit Huffman-coded JPEG, another size than told, many scans, more than 4 megapixels to decode to.
 */
export async function withJpegPixels<T>(
  bytes: Uint8Array,
  size: ImageSize,
  shrink: Shrink,
  use: (rgb: Uint8Array, shrunk: ImageSize) => T,
): Promise<T | null> {
  const shrunk = { widthPx: Math.ceil(size.widthPx / shrink), heightPx: Math.ceil(size.heightPx / shrink) };
  const pixels = shrunk.widthPx * shrunk.heightPx;
  if (library === null || pixels > maxDecodedPixels) return null;
  const decompressor = idle.pop() ?? newDecompressor(library);
  if (decompressor === null) return null;
  const sizeBytes = pixels * 3;
  if (decompressor.rgb.byteLength < sizeBytes) decompressor.rgb = new Uint8Array(sizeBytes);
  const { handle } = decompressor;
  const isDecoded =
    isUsual(library, handle, bytes, size) &&
    isSetUp(library, handle, size, shrink) &&
    (await decompress(library, bytes, decompressor));
  if (!isDecoded) {
    // One that failed on a header fails on the next one too.
    library.destroy(handle);
    return null;
  }
  try {
    return use(decompressor.rgb.subarray(0, sizeBytes), shrunk);
  } finally {
    idle.push(decompressor);
  }
}

function isUsual({ readHeader, get }: Library, handle: Handle, bytes: Uint8Array, size: ImageSize): boolean {
  if (readHeader(handle, bytes, bytes.byteLength) !== 0) return false;
  const isCoded = get(handle, parameter.arithmetic) === 0 && get(handle, parameter.lossless) === 0;
  if (!isCoded || get(handle, parameter.bits) !== 8) return false;
  return get(handle, parameter.widthPx) === size.widthPx && get(handle, parameter.heightPx) === size.heightPx;
}

/** After the header is read. */
function isSetUp(
  { set, setScale }: Library,
  handle: Handle,
  { widthPx, heightPx }: ImageSize,
  shrink: Shrink,
): boolean {
  const scans = Math.min(maxScans, Math.floor(maxScannedPixels / (widthPx * heightPx)));
  if (scans === 0 || set(handle, parameter.scanLimit, scans) !== 0) return false;
  return setScale(handle, { num: 1, denom: shrink }) === 0;
}

/** On a thread of libuv's pool. Whether there was nothing to complain of. */
async function decompress(used: Library, bytes: Uint8Array, { handle, rgb }: Decompressor): Promise<boolean> {
  const decode = { handle, rgb, bytes };
  running.add(decode);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      used.decompress.async(handle, bytes, bytes.byteLength, rgb, 0, pixelFormatRgb, (error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
    return status === 0;
  } finally {
    running.delete(decode);
  }
}

/** null when there is no memory for it. */
function newDecompressor({ init, set }: Library): Decompressor | null {
  const handle = init(initDecompress);
  if (handle === null) return null;
  set(handle, parameter.stopOnWarning, 1);
  return { handle, rgb: new Uint8Array(0) };
}

function openLibrary(): Library | null {
  const prebuilds = join(
    dirname(createRequire(import.meta.url).resolve("@julusian/jpeg-turbo/package.json")),
    "prebuilds",
  );
  const platform = `jpeg-turbo-${process.platform}-${process.arch}`;
  for (const folder of [platform, `${platform}-musl`]) {
    const path = join(prebuilds, folder, "libturbojpeg.so.0");
    const file = existsSync(path) ? loaded(path) : null;
    if (file !== null) {
      const scale = koffi.struct({ num: "int", denom: "int" });
      return {
        init: file.func("void *tj3Init(int kind)"),
        destroy: file.func("void tj3Destroy(void *handle)"),
        set: file.func("int tj3Set(void *handle, int parameter, int value)"),
        setScale: file.func("tj3SetScalingFactor", "int", ["void *", scale]),
        get: file.func("int tj3Get(void *handle, int parameter)"),
        readHeader: file.func("int tj3DecompressHeader(void *handle, const uint8_t *bytes, size_t size)"),
        decompress: file.func(
          "int tj3Decompress8(void *handle, const uint8_t *bytes, size_t size, uint8_t *to, int pitch, int format)",
        ),
      };
    }
  }
  return null;
}

/** null where it was built for another C library. */
function loaded(path: string): ReturnType<typeof koffi.load> | null {
  try {
    return koffi.load(path);
  } catch {
    return null;
  }
}
