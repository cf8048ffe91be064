import { LabelfleetError } from "@labelfleet/shared/errors";
import { decodeBfloat16, decodeFloat16 } from "./float16.js";
import { parseSafetensorsHeader, type TensorEntry } from "./safetensors-header.js";

/** Named tensors of a safetensors file, decoded to float32 when they are asked for. */
export class Safetensors {
  readonly #source: string;
  readonly #data: Uint8Array;
  readonly #entries: ReadonlyMap<string, TensorEntry>;

  /**
   * @param bytes the whole file; kept by reference
   * @param source what to call the file in messages
   * @throws LabelfleetError MODEL_INVALID when the header is not a sound description of the bytes
   */
  constructor(bytes: Uint8Array, source: string) {
    const { entries, dataStart } = parseSafetensorsHeader(bytes, source);
    this.#source = source;
    this.#entries = entries;
    this.#data = bytes.subarray(dataStart);
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The tensor's shape, or undefined where there is none of that name. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.#entries.get(name)?.shape;
  }

  /**
   * The tensor's values in row-major order. Throws MODEL_INVALID when it is missing, has another shape, is none of
   * F16, BF16 and F32, or has a value that is not a finite number.
   */
  read(name: string, shape: readonly number[]): Float32Array {
    const entry = this.#entries.get(name);
    if (!entry) throw this.#invalid(`tensor ${name} is missing${this.#prefixHint(name)}`);
    if (entry.shape.length !== shape.length || entry.shape.some((size, axis) => size !== shape[axis])) {
      throw this.#invalid(`tensor ${name} has shape [${entry.shape}], expected [${shape}]`);
    }
    const bytes = this.#data.subarray(entry.start, entry.end);
    const values = this.#decode(name, entry.dtype, bytes);
    const bad = firstNotFinite(values);
    if (bad !== -1) throw this.#invalid(`tensor ${name} has ${values[bad]} at element ${bad}`);
    return values;
  }

  #decode(name: string, dtype: string, bytes: Uint8Array): Float32Array {
    if (dtype === "F16") return decodeFloat16(bytes);
    if (dtype === "BF16") return decodeBfloat16(bytes);
    // A copy, because a Float32Array cannot lie at any offset (and the slice of a Buffer is no copy).
    if (dtype === "F32") return new Float32Array(new Uint8Array(bytes).buffer);
    throw this.#invalid(`tensor ${name} is ${dtype}, expected F16, BF16 or F32`);
  }

  /** Training wrappers put their own name before each tensor's. */
  #prefixHint(name: string): string {
    const wrapped = this.names.find((other) => other.endsWith(`.${name}`));
    if (wrapped === undefined) return "";
    return `, but there is ${wrapped}: save it again with the prefix ${wrapped.slice(0, -name.length)} taken off each name`;
  }

  #invalid(what: string): LabelfleetError {
    return new LabelfleetError("MODEL_INVALID", `${this.#source}: ${what}`);
  }
}

/** Its place, or -1. A plain loop: a network has tens of millions of values. */
function firstNotFinite(values: Float32Array): number {
  for (let index = 0; index < values.length; index++) if (!Number.isFinite(values[index])) return index;
  return -1;
}
