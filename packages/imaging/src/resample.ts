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

/** The resize and crop that a model asks for, of images of this size after orientation. */
export function planResampling(size: ImageSize, spec: PreprocessSpec): Resampling {
  const { width, height, crop } = planResize(size, spec);
  const { interpolation } = spec;
  const across = { fromPx: size.widthPx, toPx: width, first: crop.left, count: crop.width };
  const down = { fromPx: size.heightPx, toPx: height, first: crop.top, count: crop.height };
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

/** An image in the memory of this thread's program. */
export interface SourceImage {
  /** RGB, rows first, of the part of the image that was said; to be written before anything is resampled. */
  readonly pixels: Uint8Array;
  /**
   * Writes the resized and cropped image to `to`, widthPx x heightPx x 3 bytes: the bytes that Pillow's `resize` and `crop`
   * give. The part must have all that `resampling` reads.
   */
  resample(resampling: Resampling, to: Uint8Array): void;
}

/** Gives `use` room for this part of an image, until it returns. */
export function withSourceImage<T>(from: Box, use: (image: SourceImage) => T): T {
  return withResampleProgram((program) => {
    const at = program.firstFreeByte();
    const sizeBytes = from.width * from.height * channels;
    // The program reads on behind what has a weight: a row, and the width of a group of weights, which there are more of behind it.
    const end = aligned(at + sizeBytes + from.width * channels);
    return use({
      pixels: memoryOf(program, end).subarray(at, at + sizeBytes),
      resample: (resampling, to) => runProgram(program, { at, end, from }, resampling, to),
    });
  });
}

/** Where an image lies in the program's memory. */
interface Placed {
  at: number;
  /** The first byte that may be used for other things. */
  end: number;
  from: Box;
}

function runProgram(program: ResampleProgram, source: Placed, resampling: Resampling, to: Uint8Array): void {
  const { part, widthPx, heightPx, columns, rows } = resampling;
  const { from } = source;
  const fromStride = from.width * channels;
  // A pixel is stored with a byte behind it.
  const betweenStride = aligned(widthPx * channels + 1);
  const resultBytes = widthPx * heightPx * channels;
  let end = source.end;
  const place = (sizeBytes: number): number => {
    const at = end;
    end = aligned(at + sizeBytes);
    return at;
  };
  const columnStarts = place(columns.starts.byteLength);
  const columnWeights = place(columns.parts.byteLength);
  const rowStarts = place(rows.starts.byteLength);
  const rowWeights = place(rows.parts.byteLength);
  // The second pass, too, reads on: a group of rows.
  const between = place((part.height + 1 + rows.groups * rowsPerGroup) * betweenStride);
  // The last row's last store may go beyond it.
  const result = place(resultBytes + vectorBytes);
  const memory = memoryOf(program, end);
  memory.set(bytesOf(columns.starts), columnStarts);
  memory.set(bytesOf(columns.parts), columnWeights);
  memory.set(bytesOf(rows.starts), rowStarts);
  memory.set(bytesOf(rows.parts), rowWeights);
  program.horizontal(
    source.at + (part.top - from.top) * fromStride + (part.left - from.left) * channels,
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
