import { readFileSync } from "node:fs";

// What Node has of WebAssembly, as far as it is used here: Node's own types leave it to the browser's.
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
};

/** What `assembly/resample.ts` exports; pointers and sizes are in bytes of its memory. */
interface ResampleProgram {
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
    groups: number,
  ): void;
}

const pageBytes = 65_536;

// From dist also when tests run the sources: the build compiles it there.
const code = readFileSync(new URL("../dist/resample.wasm", import.meta.url));

export const program = new WebAssembly.Instance(new WebAssembly.Module(code)).exports as ResampleProgram;

/** The program's memory, at least so many bytes of it. It stays as large as the largest image needed. */
export function memoryOf(sizeBytes: number): Uint8Array {
  const missingBytes = sizeBytes - program.memory.buffer.byteLength;
  if (missingBytes > 0) program.memory.grow(Math.ceil(missingBytes / pageBytes));
  return new Uint8Array(program.memory.buffer);
}
