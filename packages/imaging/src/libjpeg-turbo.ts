import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { KoffiFunc } from "koffi";
import type { ImageSize } from "./jpeg-size.js";

// libjpeg-turbo by its own C interface (turbojpeg.h): 0.6 ms of CPU time for a photo of 500x375, of which sharp, with a pipeline
// of operations and threads around such a decoder, makes 2.0 to 2.7, for the same pixels. Of the npm package only the shared library
// is used, since its binding always asks for the fast, less exact inverse DCT.

/** What is used of the library. Where a function returns a status, it is 0, or -1 for errors and warnings. */
interface Library {
  init: KoffiFunc<(kind: number) => Handle>;
  destroy: KoffiFunc<(handle: Handle) => void>;
  set: KoffiFunc<(handle: Handle, parameter: number, value: number) => number>;
  get: KoffiFunc<(handle: Handle, parameter: number) => number>;
  readHeader: KoffiFunc<(handle: Handle, bytes: Uint8Array, sizeBytes: number) => number>;
  decompress: KoffiFunc<
    (handle: Handle, bytes: Uint8Array, sizeBytes: number, to: Uint8Array, pitch: number, pixelFormat: number) => number
  >;
}

/** A pointer, which is only handed back. */
type Handle = object;

/** Numbers of turbojpeg.h. */
const initDecompress = 1;
const parameter = { stopOnWarning: 0, jpegWidth: 5, jpegHeight: 6, scanLimit: 13 };
const pixelFormatRgb = 0;

/** A progressive JPEG of a camera or a web site has some ten scans; one of thousands is made to take long. */
const maxScans = 100;

const library = await openLibrary();
/** Of this thread; kept between images. */
let decompressor: Handle | null = null;

/** Whether there is a library for this platform; elsewhere sharp decodes everything. */
export const hasLibjpegTurbo = library !== null;

/**
 * Writes the pixels of a JPEG as they are stored to `to`: RGB of widthPx x heightPx x 3 bytes, rows first. Blocks the thread, 3 ms
 * a megapixel. False for what another decoder has to judge: errors and warnings, CMYK, another size than told.
 */
export function readJpeg(bytes: Uint8Array, size: ImageSize, to: Uint8Array): boolean {
  if (library === null) return false;
  decompressor ??= newDecompressor(library);
  if (decompress(library, decompressor, bytes, size, to)) return true;
  // One that failed on a header fails on the next one too.
  library.destroy(decompressor);
  decompressor = null;
  return false;
}

function decompress(
  { readHeader, get, decompress: toRgb }: Library,
  handle: Handle,
  bytes: Uint8Array,
  { widthPx, heightPx }: ImageSize,
  to: Uint8Array,
): boolean {
  if (readHeader(handle, bytes, bytes.byteLength) !== 0) return false;
  if (get(handle, parameter.jpegWidth) !== widthPx || get(handle, parameter.jpegHeight) !== heightPx) return false;
  const sizeBytes = widthPx * heightPx * 3;
  if (to.byteLength < sizeBytes) throw new RangeError(`${to.byteLength} bytes for pixels of ${sizeBytes}`);
  return toRgb(handle, bytes, bytes.byteLength, to, 0, pixelFormatRgb) === 0;
}

function newDecompressor({ init, set }: Library): Handle {
  const handle = init(initDecompress);
  set(handle, parameter.stopOnWarning, 1);
  set(handle, parameter.scanLimit, maxScans);
  return handle;
}

async function openLibrary(): Promise<Library | null> {
  const binaries = `jpeg-turbo-${process.platform}-${process.arch}`;
  // glibc's fails to load where there is only musl.
  for (const folder of [binaries, `${binaries}-musl`]) {
    try {
      const { default: koffi } = await import("koffi");
      const packageFolder = dirname(createRequire(import.meta.url).resolve("@julusian/jpeg-turbo/package.json"));
      const file = koffi.load(join(packageFolder, "prebuilds", folder, "libturbojpeg.so.0"));
      return {
        init: file.func("void *tj3Init(int kind)"),
        destroy: file.func("void tj3Destroy(void *handle)"),
        set: file.func("int tj3Set(void *handle, int parameter, int value)"),
        get: file.func("int tj3Get(void *handle, int parameter)"),
        readHeader: file.func("int tj3DecompressHeader(void *handle, const uint8_t *bytes, size_t size)"),
        decompress: file.func(
          "int tj3Decompress8(void *handle, const uint8_t *bytes, size_t size, uint8_t *to, int pitch, int format)",
        ),
      };
    } catch {
      // No library for this platform.
    }
  }
  return null;
}
