import { parquetReadObjects } from "hyparquet";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { type Prediction, predictionSchema } from "../contract/prediction.js";
import type { OutputFormat } from "../contract/run-spec.js";
import { LabelfleetError } from "../errors.js";

/** A shard: the records of one batch and one model, in the order of the manifest. */
export function encodeShard(records: Prediction[], format: OutputFormat): Uint8Array {
  return format === "jsonl" ? encodeJsonl(records) : encodeParquet(records);
}

/** @throws RUN_INVALID naming `where` and the first line or field that is wrong, a cut last line included. */
export async function decodeShard(bytes: Uint8Array, format: OutputFormat, where: string): Promise<Prediction[]> {
  return format === "jsonl" ? decodeJsonl(bytes, where) : decodeParquet(bytes, where);
}

export function contentTypeOf(format: OutputFormat): string {
  return format === "jsonl" ? "application/x-ndjson" : "application/vnd.apache.parquet";
}

/** Fields in the contract's order, whatever order the object was made in. */
function ordered(record: Prediction): Prediction {
  return {
    key: record.key,
    etag: record.etag,
    sizeBytes: record.sizeBytes,
    width: record.width,
    height: record.height,
    modelId: record.modelId,
    status: record.status,
    top: record.top,
    embedding: record.embedding,
    errorCode: record.errorCode,
    errorMessage: record.errorMessage,
    retryable: record.retryable,
    workerId: record.workerId,
    pass: record.pass,
  };
}

function encodeJsonl(records: Prediction[]): Uint8Array {
  return Buffer.from(records.map((record) => `${JSON.stringify(ordered(record))}\n`).join(""));
}

function decodeJsonl(bytes: Uint8Array, where: string): Prediction[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  if (text !== "" && !text.endsWith("\n")) throw new LabelfleetError("RUN_INVALID", `${where}: the last line is cut`);
  const records: Prediction[] = [];
  // Line by line: all lines of a large shard at once are as much memory again as the records.
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start);
    const line = `${where}: line ${records.length + 1}`;
    let json: unknown;
    try {
      json = JSON.parse(text.slice(start, end));
    } catch (error) {
      throw new LabelfleetError("RUN_INVALID", `${line} is not JSON`, { cause: error });
    }
    records.push(checked(json, line));
    start = end + 1;
  }
  return records;
}

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

function encodeParquet(records: Prediction[]): Uint8Array {
  const writer = new ByteWriter();
  const columnData = columns.map((name) => ({
    name,
    data: records.map((record) => (name === "sizeBytes" ? BigInt(record.sizeBytes) : record[name])),
  }));
  parquetWrite({ writer, columnData, schema: parquetSchema.map((element) => ({ ...element })) });
  return new Uint8Array(writer.getBuffer());
}

async function decodeParquet(bytes: Uint8Array, where: string): Promise<Prediction[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  let rows: Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({ file });
  } catch (error) {
    throw new LabelfleetError("RUN_INVALID", `${where} is not a readable Parquet file`, { cause: error });
  }
  return rows.map((row, i) => {
    // The reader leaves a null list undefined.
    const embedding = row.embedding == null ? null : Array.from(row.embedding as ArrayLike<number>);
    const record = { ...row, top: row.top ?? null, embedding, sizeBytes: Number(row.sizeBytes) };
    return checked(record, `${where}: row ${i + 1}`);
  });
}

function checked(value: unknown, where: string): Prediction {
  const parsed = predictionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new LabelfleetError("RUN_INVALID", `${where}: ${issue?.path.join(".")}: ${issue?.message}`);
}
