import { LabelfleetError } from "@labelfleet/shared/errors";

/** One field of a message as it lies in the file. */
export interface Field {
  readonly number: number;
  /** Of a varint; 0 for others. */
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
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw invalid();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw invalid();
  };
  while (at < message.byteLength) {
    const start = at;
    const tag = varint();
    const wireType = tag % 8;
    let value = 0;
    let bytes = message.subarray(at, at);
    if (wireType === 0) value = varint();
    else {
      const sizeBytes = wireType === 2 ? varint() : fixedBytes[wireType];
      if (sizeBytes === undefined || sizeBytes > message.byteLength - at) throw invalid();
      if (wireType === 2) bytes = message.subarray(at, at + sizeBytes);
      at += sizeBytes;
    }
    fields.push({ number: Math.floor(tag / 8), value, bytes, raw: message.subarray(start, at) });
  }
  return fields;
}

const fixedBytes: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

export function textOf(field: Field | undefined): string {
  return new TextDecoder().decode(field?.bytes ?? new Uint8Array());
}
