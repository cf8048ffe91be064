import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import { type Box, planResize } from "./geometry.js";
import type { ImageSize } from "./jpeg-size.js";
import { memoryOf, type ResampleProgram, withResampleProgram } from "./resample-program.js";
import { resampleWeights, type Weights } from "./resample-weights.js";

/** A resize and crop of RGB images of one size, prepared for the program of `assembly/resample.ts`. */
export interface Resampling {
  /** What it reads of the image. */
  readonly part: Box;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly columns: PackedWeights;
  readonly rows: PackedWeights;
}

/** Weights as the program reads them: groups of pairs, of each pair the high parts, then the low ones. */
interface PackedWeights {
  readonly starts: Uint32Array;
  readonly parts: Int16Array;
  readonly groups: number;
}

/** Fractional bits in the low 16-bit part of a weight, as in `assembly/resample.ts`. */
const lowBits = 11;
/** What one step of each pass takes. */
const columnsPerGroup = 4;
const rowsPerGroup = 2;
const channels = 3;
const vectorBytes = 16;

/**
 * The resize and crop that a model asks for, of images of this size after orientation.
 *
 * @param shrink how many of the image's pixels in a row or column each pixel is that will be given
 */
export function planResampling(size: ImageSize, spec: PreprocessSpec, shrink = 1): Resampling {
  const { width, height, crop } = planResize(size, spec);
  const { interpolation } = spec;
  const across = { fromPx: size.widthPx / shrink, toPx: width, first: crop.left, count: crop.width };
  const down = { fromPx: size.heightPx / shrink, toPx: height, first: crop.top, count: crop.height };
  const columns = resampleWeights({ ...across, interpolation });
  const rows = resampleWeights({ ...down, interpolation });
  const left = columns.starts[0]!;
  const top = rows.starts[0]!;
  return {
    part: { left, top, width: columns.end - left, height: rows.end - top },
    widthPx: crop.width,
    heightPx: crop.height,
    columns: packed(columns, columnsPerGroup, channels),
    rows: packed(rows, rowsPerGroup, 1),
  };
}

/** Starts from the first one on, in steps of so many. */
function packed({ starts, taps, values }: Weights, perGroup: number, step: number): PackedWeights {
  const groups = Math.ceil(taps / perGroup);
  const partsEach = groups * perGroup * 2;
  const parts = new Int16Array(starts.length * partsEach);
  for (let made = 0; made < starts.length; made++) {
    for (let tap = 0; tap < taps; tap++) {
      const value = values[made * taps + tap]!;
      const high = value >> lowBits;
      const at = made * partsEach + (tap >> 1) * 4 + (tap & 1);
      parts[at] = high;
      parts[at + 2] = value - (high << lowBits);
    }
  }
  return { starts: starts.map((start) => (start - starts[0]!) * step), parts, groups };
}

/**
 * Writes the resized and cropped image to `to`, widthPx x heightPx x 3 bytes: the bytes that Pillow's `resize` and `crop` give.
 *
 * @param pixels RGB, rows first, of the part `from` of the image, which has all that `resampling` reads
 */
export function resample(pixels: Uint8Array, from: Box, resampling: Resampling, to: Uint8Array): void {
  withResampleProgram((program) => runProgram(program, pixels, from, resampling, to));
}

function runProgram(program: ResampleProgram, pixels: Uint8Array, from: Box, resampling: Resampling, to: Uint8Array) {
  const { part, widthPx, heightPx, columns, rows } = resampling;
  const fromStride = from.width * channels;
  const firstByte = (part.top - from.top) * fromStride;
  // A pixel is stored with a byte behind it.
  const betweenStride = aligned(widthPx * channels + 1);
  const resultBytes = widthPx * heightPx * channels;
  let end = program.firstFreeByte();
  const place = (sizeBytes: number): number => {
    const at = end;
    end = aligned(at + sizeBytes);
    return at;
  };
  const columnStarts = place(columns.starts.byteLength);
  const columnWeights = place(columns.parts.byteLength);
  const rowStarts = place(rows.starts.byteLength);
  const rowWeights = place(rows.parts.byteLength);
  // Both passes read on behind what has a weight: the first a row and a group of pixels, the second a group of rows.
  const source = place((part.height + 1) * fromStride + columns.groups * columnsPerGroup * channels + vectorBytes);
  const between = place((part.height + 1 + rows.groups * rowsPerGroup) * betweenStride);
  // The last row's last store may go beyond it.
  const result = place(resultBytes + vectorBytes);
  const memory = memoryOf(program, end);
  memory.set(bytesOf(columns.starts), columnStarts);
  memory.set(bytesOf(columns.parts), columnWeights);
  memory.set(bytesOf(rows.starts), rowStarts);
  memory.set(bytesOf(rows.parts), rowWeights);
  memory.set(pixels.subarray(firstByte, firstByte + part.height * fromStride), source);
  program.horizontal(
    source + (part.left - from.left) * channels,
    fromStride,
    part.height,
    between,
    betweenStride,
    widthPx,
    columnStarts,
    columnWeights,
    columns.groups,
  );
  program.vertical(between, betweenStride, result, widthPx * channels, heightPx, rowStarts, rowWeights, rows.groups);
  to.set(memory.subarray(result, result + resultBytes));
}

function bytesOf(array: Uint32Array | Int16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function aligned(sizeBytes: number): number {
  return Math.ceil(sizeBytes / vectorBytes) * vectorBytes;
}
