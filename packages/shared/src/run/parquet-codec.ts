import {
  type AsyncBuffer,
  type ColumnChunk,
  parquetMetadataAsync,
  parquetReadObjects,
  snappyUncompress,
} from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { maxChunkEntries } from "../contract/manifest.js";
import type { Prediction } from "../contract/prediction.js";
import { hasCode, LabelfleetError } from "../errors.js";
import { maxRowGroupBytes, mebibytes } from "./bounds.js";

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

/** Labels, probabilities and numbers of embeddings in a row group: what encoding and decoding one takes in memory follows from it. */
const valuesPerRowGroup = 2 ** 19;

/** A writer whose bytes can be taken off it while it goes on. */
class PieceWriter extends ByteWriter {
  take(): Uint8Array {
    const bytes = new Uint8Array(this.buffer.slice(0, this.index));
    this.index = 0;
    return bytes;
  }
}

/** The file in pieces, one a row group and the footer, in the contract's column order. Wide records have several row groups. */
export function* encodeParquet(records: Iterable<Prediction>): Generator<Uint8Array> {
  const writer = new PieceWriter();
  const file = new ParquetWriter({ writer, schema: parquetSchema.map((element) => ({ ...element })) });
  for (const group of rowGroups(records)) {
    const columnData = columns.map((name) => ({
      name,
      data: group.map((record) => (name === "sizeBytes" ? BigInt(record.sizeBytes) : record[name])),
    }));
    file.write({ columnData, rowGroupSize: group.length });
    yield writer.take();
  }
  file.finish();
  yield writer.take();
}

function* rowGroups(records: Iterable<Prediction>): Generator<Prediction[]> {
  let group: Prediction[] = [];
  let values = 0;
  for (const record of records) {
    // Copied once here: of a compact record each look at its lists makes them anew.
    const { top, embedding } = record;
    group.push({ ...record, top, embedding });
    values += columns.length + (top?.length ?? 0) + (embedding?.length ?? 0);
    if (values < valuesPerRowGroup) continue;
    yield group;
    group = [];
    values = 0;
  }
  if (group.length > 0) yield group;
}

/**
 * The rows of a file as plain objects, still to be checked, a row group at a time.
 *
 * @param columns the names of those that are wanted; all unless given
 * @throws RUN_INVALID naming `where`, and LabelfleetErrors of `file`
 */
export async function* decodeParquet(
  file: AsyncBuffer,
  where: string,
  part: { columns?: string[]; rowStart?: number; rowEnd?: number } = {},
): AsyncGenerator<Record<string, unknown>[]> {
  const { columns, rowStart: first = 0, rowEnd: last = Number.POSITIVE_INFINITY } = part;
  const unreadable = (error: unknown) => {
    if (error instanceof LabelfleetError && !hasCode(error, "INTERNAL")) return error;
    return new LabelfleetError("RUN_INVALID", `${where} is not a readable Parquet file`, { cause: error });
  };
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw unreadable(error);
  });
  if (metadata.num_rows > maxChunkEntries) {
    throw new LabelfleetError("RUN_INVALID", `${where} holds more than ${maxChunkEntries} records`);
  }
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const isWanted = rowStart < last && rowEnd > first;
    const range = { rowStart: Math.max(first, rowStart), rowEnd: Math.min(last, rowEnd) };
    rowStart = rowEnd;
    if (!isWanted) continue;
    checkSize(group.columns, where);
    const wanted = columns === undefined ? {} : { columns };
    const options = { file, metadata, compressors: { SNAPPY: boundedSnappy }, ...range, ...wanted };
    const rows = await parquetReadObjects(options).catch((error: unknown) => {
      throw unreadable(error);
    });
    yield rows.map(plainRow);
  }
}

/** The reader leaves a null list undefined, and gives numbers in types of its own. */
function plainRow(row: Record<string, unknown>): Record<string, unknown> {
  const embedding = row.embedding == null ? null : Array.from(row.embedding as ArrayLike<number>);
  return { ...row, top: row.top ?? null, embedding, sizeBytes: Number(row.sizeBytes) };
}

function checkSize(columns: readonly ColumnChunk[], where: string): void {
  const bytes = columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
  if (bytes <= maxRowGroupBytes) return;
  throw new LabelfleetError("RUN_INVALID", `${where}: a row group is larger than ${mebibytes(maxRowGroupBytes)}`);
}

/** A page says itself how large it unpacks, whatever the file's footer says. */
function boundedSnappy(input: Uint8Array, outputLength: number): Uint8Array {
  if (outputLength > maxRowGroupBytes) throw new RangeError(`a page unpacks to ${outputLength} bytes`);
  const output = new Uint8Array(outputLength);
  snappyUncompress(input, output);
  return output;
}
