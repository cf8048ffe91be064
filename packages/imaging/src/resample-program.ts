import { readFileSync } from "node:fs";

// What Node has of WebAssembly, as far as it is used here: Node's own types leave it to the browser's.
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
};

/** What `assembly/resample.ts` exports; pointers and sizes are in bytes of its memory. */
export interface ResampleProgram {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
  firstFreeByte(): number;
  horizontal(
    from: number,
    fromStride: number,
    rows: number,
    to: number,
    toStride: number,
    width: number,
    starts: number,
    weights: number,
    groups: number,
  ): void;
  vertical(
    from: number,
    fromStride: number,
    to: number,
    rowBytes: number,
    height: number,
    starts: number,
    weights: number,
    pairs: number,
  ): void;
}

const pageBytes = 65_536;
/** Enough for every photo; a larger image's memory is given up after it. */
const maxKeptBytes = 32 * 2 ** 20;

// From dist also when tests run the sources: the build compiles it there.
const program = new WebAssembly.Module(readFileSync(new URL("../dist/resample.wasm", import.meta.url)));
const start = () => new WebAssembly.Instance(program).exports as ResampleProgram;

let running = start();

/** Runs the program of this thread. What lies in its memory is of no use before and after. */
export function withResampleProgram(work: (program: ResampleProgram) => void): void {
  try {
    work(running);
  } finally {
    if (running.memory.buffer.byteLength > maxKeptBytes) running = start();
  }
}

/** The memory of a program, at least so many bytes of it. */
export function memoryOf({ memory }: ResampleProgram, sizeBytes: number): Uint8Array {
  const missingBytes = sizeBytes - memory.buffer.byteLength;
  if (missingBytes > 0) memory.grow(Math.ceil(missingBytes / pageBytes));
  return new Uint8Array(memory.buffer);
}
