import { parquetReadObjects } from "hyparquet";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import type { Prediction } from "../contract/prediction.js";
import { LabelfleetError } from "../errors.js";

const optionalUtf8 = { type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" } as const;
const requiredUtf8 = { type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" } as const;
const optionalInt32 = { type: "INT32", repetition_type: "OPTIONAL" } as const;

/** The Parquet form of the record: `top` is a list of structs; sizes are 64-bit, pixels and passes 32-bit. */
const parquetSchema = [
  { name: "root", num_children: 14 },
  { name: "key", ...requiredUtf8 },
  { name: "etag", ...requiredUtf8 },
  { name: "sizeBytes", type: "INT64", repetition_type: "REQUIRED" },
  { name: "width", ...optionalInt32 },
  { name: "height", ...optionalInt32 },
  { name: "modelId", ...requiredUtf8 },
  { name: "status", ...requiredUtf8 },
  { name: "top", converted_type: "LIST", repetition_type: "OPTIONAL", num_children: 1 },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", repetition_type: "REQUIRED", num_children: 3 },
  { name: "index", type: "INT32", repetition_type: "REQUIRED" },
  { name: "label", ...requiredUtf8 },
  { name: "probability", type: "DOUBLE", repetition_type: "REQUIRED" },
  { name: "embedding", converted_type: "LIST", repetition_type: "OPTIONAL", num_children: 1 },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
  { name: "errorCode", ...optionalUtf8 },
  { name: "errorMessage", ...optionalUtf8 },
  { name: "retryable", type: "BOOLEAN", repetition_type: "OPTIONAL" },
  { name: "workerId", ...requiredUtf8 },
  { name: "pass", type: "INT32", repetition_type: "REQUIRED" },
] as const;

const columns = [
  "key",
  "etag",
  "sizeBytes",
  "width",
  "height",
  "modelId",
  "status",
  "top",
  "embedding",
  "errorCode",
  "errorMessage",
  "retryable",
  "workerId",
  "pass",
] as const;

/** One row group of all records, in the contract's column order. */
export function encodeParquet(records: Prediction[]): Uint8Array {
  const writer = new ByteWriter();
  const columnData = columns.map((name) => ({
    name,
    data: records.map((record) => (name === "sizeBytes" ? BigInt(record.sizeBytes) : record[name])),
  }));
  parquetWrite({ writer, columnData, schema: parquetSchema.map((element) => ({ ...element })) });
  return new Uint8Array(writer.getBuffer());
}

/** The rows as plain objects, still to be checked. @throws RUN_INVALID naming `where` */
export async function decodeParquet(bytes: Uint8Array, where: string): Promise<Record<string, unknown>[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  let rows: Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({ file });
  } catch (error) {
    throw new LabelfleetError("RUN_INVALID", `${where} is not a readable Parquet file`, { cause: error });
  }
  return rows.map((row) => {
    // The reader leaves a null list undefined.
    const embedding = row.embedding == null ? null : Array.from(row.embedding as ArrayLike<number>);
    return { ...row, top: row.top ?? null, embedding, sizeBytes: Number(row.sizeBytes) };
  });
}
