/**
 * Writes the protobuf wire format, as much of it as ONNX needs
 * (https://protobuf.dev/programming-guides/encoding). Fields are written in the order of the calls.
 */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #sizeBytes = 0;

  /** An int32, int64 or enum field. Negative numbers take ten bytes, as two's complement of 64 bits. */
  integer(field: number, value: number | bigint): this {
    return this.#raw(tag(field, wireType.varint)).#raw(varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#raw(tag(field, wireType.fixed32)).#raw(bytes);
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** The bytes are kept by reference until `finish`. */
  bytes(field: number, value: Uint8Array): this {
    return this.#raw(tag(field, wireType.lengthDelimited)).#raw(varint(value.byteLength)).#raw(value);
  }

  /** A nested message, filled in by `write`; what it holds is not copied. */
  message(field: number, write: (message: ProtobufWriter) => void): this {
    const nested = new ProtobufWriter();
    write(nested);
    this.#raw(tag(field, wireType.lengthDelimited)).#raw(varint(nested.#sizeBytes));
    for (const chunk of nested.#chunks) this.#raw(chunk);
    return this;
  }

  /** A field as it was read from another message, tag and all. */
  copied(field: Uint8Array): this {
    return this.#raw(field);
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  /** The message's bytes in order: large fields as they were given, the small ones between them joined. */
  pieces(): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let small: Uint8Array[] = [];
    const join = () => {
      if (small.length > 0) pieces.push(Buffer.concat(small));
      small = [];
    };
    for (const chunk of this.#chunks) {
      if (chunk.byteLength < largeFieldBytes) small.push(chunk);
      else {
        join();
        pieces.push(chunk);
      }
    }
    join();
    return pieces;
  }

  #raw(bytes: Uint8Array): this {
    this.#chunks.push(bytes);
    this.#sizeBytes += bytes.byteLength;
    return this;
  }
}

/** Fields from this size on are worth a write of their own. */
const largeFieldBytes = 65_536;

const wireType = { varint: 0, lengthDelimited: 2, fixed32: 5 } as const;

function tag(field: number, type: number): Uint8Array {
  return varint((field << 3) | type);
}

/** Seven bits a byte, lowest first; the top bit says that more follow. */
function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
