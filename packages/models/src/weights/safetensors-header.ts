import { LabelfleetError } from "@labelfleet/shared/errors";
import { z } from "zod";
import { refuseOtherFormats } from "./other-formats.js";

/** Where a tensor's bytes lie, counted from the end of the header. */
export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export const lengthBytes = 8;
/** Ours have 30 kB; the format's own limit is 100 MB. */
export const maxHeaderBytes = 16 * 1024 * 1024;

/** Names go into messages of one line. */
const namePattern = /^[\w.:/-]{1,200}$/;

const bytesPerElement: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

const count = z.int().min(0);
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(count).max(8),
  data_offsets: z.tuple([count, count]),
});

/**
 * Reads a safetensors header (https://github.com/huggingface/safetensors#format) as hostile input: every length and
 * offset is checked against the file before it is used, and the tensors must fill the data without gap or overlap.
 *
 * @param bytes of the file's beginning, at least as far as the header goes
 * @throws LabelfleetError MODEL_INVALID, one line that names the file and, where one is at fault, the tensor
 */
export function parseSafetensorsHeader(
  bytes: Uint8Array,
  source: string,
  fileBytes = bytes.byteLength,
): { entries: ReadonlyMap<string, TensorEntry>; dataStart: number } {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${source}: ${what}`);
  refuseOtherFormats(bytes, source, "safetensors");
  const dataStart = headerEnd(bytes, invalid);
  const header = parseJsonObject(bytes.subarray(lengthBytes, dataStart), invalid);
  const dataBytes = fileBytes - dataStart;
  const entries = new Map<string, TensorEntry>();
  for (const [name, described] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    if (!namePattern.test(name)) throw invalid(`tensor name ${JSON.stringify(name.slice(0, 80))} is refused`);
    const parsed = entrySchema.safeParse(described);
    if (!parsed.success) throw invalid(`tensor ${name} is not described by dtype, shape and data_offsets`);
    const {
      dtype,
      shape,
      data_offsets: [start, end],
    } = parsed.data;
    const elementBytes = Object.hasOwn(bytesPerElement, dtype) ? bytesPerElement[dtype] : undefined;
    if (elementBytes === undefined) throw invalid(`tensor ${name} has the unknown type ${dtype}`);
    if (start > end || end > dataBytes) {
      throw invalid(`tensor ${name} lies at ${start} to ${end}, outside the ${dataBytes} bytes of data`);
    }
    const sizeBytes = shape.reduce((product, size) => product * size, elementBytes);
    if (sizeBytes !== end - start) {
      throw invalid(`tensor ${name} has ${end - start} bytes, but ${dtype} [${shape}] needs ${sizeBytes}`);
    }
    entries.set(name, { dtype, shape, start, end });
  }
  checkCoverage(entries, dataBytes, invalid);
  return { entries, dataStart };
}

type Invalid = (what: string) => LabelfleetError;

function headerEnd(bytes: Uint8Array, invalid: Invalid): number {
  if (bytes.byteLength < lengthBytes) throw invalid(`${bytes.byteLength} bytes are too few for a safetensors file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getBigUint64(0, true);
  if (headerBytes > BigInt(maxHeaderBytes)) {
    throw invalid(`header of ${headerBytes} bytes is over the limit of ${maxHeaderBytes}`);
  }
  const end = lengthBytes + Number(headerBytes);
  if (end > bytes.byteLength) throw invalid(`header of ${headerBytes} bytes is longer than the file`);
  return end;
}

function parseJsonObject(json: Uint8Array, invalid: Invalid): object {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch {
    throw invalid("the header is not JSON");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw invalid("the header is not a JSON object");
  }
  return header;
}

function checkCoverage(entries: ReadonlyMap<string, TensorEntry>, dataBytes: number, invalid: Invalid): void {
  const byPlace = [...entries].sort(([, left], [, right]) => left.start - right.start || left.end - right.end);
  let reached = 0;
  for (const [name, { start, end }] of byPlace) {
    if (start < reached) throw invalid(`tensor ${name} overlaps the one before it`);
    if (start > reached) throw invalid(`${start - reached} bytes before tensor ${name} belong to no tensor`);
    reached = end;
  }
  if (reached !== dataBytes) throw invalid(`${dataBytes - reached} bytes at the end belong to no tensor`);
}
