import { setImmediate as immediate } from "node:timers/promises";
import { type Prediction, predictionSchema } from "../contract/prediction.js";
import type { OutputFormat } from "../contract/run-spec.js";
import { LabelfleetError } from "../errors.js";
import { jsonLine } from "../export/jsonl.js";

/** Characters of JSON lines that are encoded at a time. */
const pieceLength = 1024 * 1024;

/**
 * A shard, piece by piece: the records of one batch and one model, in the order of the manifest. A shard of ordinary size is one
 * piece of JSON lines; one of wide records is never in memory as a whole.
 */
export async function* encodePieces(records: Iterable<Prediction>, format: OutputFormat): AsyncGenerator<Uint8Array> {
  const pieces = format === "jsonl" ? encodeJsonl(records) : (await parquet()).encodeParquet(records);
  for (const piece of pieces) {
    yield piece;
    // Whoever waits for the thread meanwhile, such as renewals of locks, comes in between.
    await immediate();
  }
}

/** A whole shard in memory. */
export async function encodeShard(records: Iterable<Prediction>, format: OutputFormat): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of encodePieces(records, format)) pieces.push(piece);
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/**
 * The records of a whole shard, in pieces where it is Parquet: a few kilobytes of it may unpack to gigabytes of records.
 *
 * @throws RUN_INVALID naming `where` and the first line or field that is wrong, a cut last line included.
 */
export async function* decodePieces(
  bytes: Uint8Array,
  format: OutputFormat,
  where: string,
): AsyncGenerator<Prediction[]> {
  if (format === "jsonl") {
    yield decodeJsonl(bytes, where);
    return;
  }
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  let before = 0;
  for await (const rows of (await parquet()).decodeParquet(file, where)) {
    const first = before + 1;
    yield rows.map((row, i) => checked(row, `${where}: row ${first + i}`));
    before += rows.length;
  }
}

/** The same, all at once. */
export async function decodeShard(bytes: Uint8Array, format: OutputFormat, where: string): Promise<Prediction[]> {
  const records: Prediction[] = [];
  for await (const piece of decodePieces(bytes, format, where)) for (const record of piece) records.push(record);
  return records;
}

/** Paid only by runs that write Parquet. */
function parquet() {
  return import("./parquet-codec.js");
}

export function contentTypeOf(format: OutputFormat): string {
  return format === "jsonl" ? "application/x-ndjson" : "application/vnd.apache.parquet";
}

function* encodeJsonl(records: Iterable<Prediction>): Generator<Uint8Array> {
  let piece = "";
  for (const record of records) {
    piece += jsonLine(record);
    if (piece.length < pieceLength) continue;
    yield Buffer.from(piece);
    piece = "";
  }
  if (piece !== "") yield Buffer.from(piece);
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

function checked(value: unknown, where: string): Prediction {
  const parsed = predictionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new LabelfleetError("RUN_INVALID", `${where}: ${issue?.path.join(".")}: ${issue?.message}`);
}
