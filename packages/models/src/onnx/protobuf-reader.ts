import { LabelfleetError } from "@labelfleet/shared/errors";

/** One field of a message as it lies in the file. */
export interface Field {
  readonly number: number;
  /** Of a varint, as a signed number of 64 bits; 0 for others. */
  readonly value: number;
  /** Of a string, bytes or nested message; empty for others. Not copied. */
  readonly bytes: Uint8Array;
  /** The whole field with its tag, to be copied into another message. */
  readonly raw: Uint8Array;
}

/**
 * The fields of a protobuf message in their order (https://protobuf.dev/programming-guides/encoding). Every length is
 * checked against the message.
 *
 * @param source what to call the file in messages
 * @throws LabelfleetError MODEL_INVALID when the bytes end within a field or have an unknown wire type
 */
export function readFields(message: Uint8Array, source: string): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const invalid = () => new LabelfleetError("MODEL_INVALID", `${source}: not an ONNX file, or cut off within`);
  const varint = (): number => {
    const start = at;
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw invalid();
      value += (byte & 0x7f) * scale;
      // Over 53 bits, and negative numbers: floating point would not hold them.
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : signed64(message.subarray(start, at));
    }
    throw invalid();
  };
  while (at < message.byteLength) {
    const start = at;
    const tag = varint();
    if (tag < 0) throw invalid();
    const wireType = tag % 8;
    let value = 0;
    let bytes = message.subarray(at, at);
    if (wireType === 0) value = varint();
    else {
      const sizeBytes = wireType === 2 ? varint() : fixedBytes[wireType];
      if (sizeBytes === undefined || sizeBytes < 0 || sizeBytes > message.byteLength - at) throw invalid();
      if (wireType === 2) bytes = message.subarray(at, at + sizeBytes);
      at += sizeBytes;
    }
    fields.push({ number: Math.floor(tag / 8), value, bytes, raw: message.subarray(start, at) });
  }
  return fields;
}

function signed64(varint: Uint8Array): number {
  const value = varint.reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
  return Number(BigInt.asIntN(64, value));
}

const fixedBytes: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

export function textOf(field: Field | undefined): string {
  return new TextDecoder().decode(field?.bytes ?? new Uint8Array());
}
