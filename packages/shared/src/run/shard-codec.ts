import { type Prediction, predictionSchema } from "../contract/prediction.js";
import type { OutputFormat } from "../contract/run-spec.js";
import { LabelfleetError } from "../errors.js";
import { jsonLine } from "../export/jsonl.js";

/** A shard: the records of one batch and one model, in the order of the manifest. */
export async function encodeShard(records: Prediction[], format: OutputFormat): Promise<Uint8Array> {
  return format === "jsonl" ? encodeJsonl(records) : (await parquet()).encodeParquet(records);
}

/** @throws RUN_INVALID naming `where` and the first line or field that is wrong, a cut last line included. */
export async function decodeShard(bytes: Uint8Array, format: OutputFormat, where: string): Promise<Prediction[]> {
  if (format === "jsonl") return decodeJsonl(bytes, where);
  const rows = await (await parquet()).decodeParquet(bytes, where);
  return rows.map((row, i) => checked(row, `${where}: row ${i + 1}`));
}

/** Paid only by runs that write Parquet. */
function parquet() {
  return import("./parquet-codec.js");
}

export function contentTypeOf(format: OutputFormat): string {
  return format === "jsonl" ? "application/x-ndjson" : "application/vnd.apache.parquet";
}

function encodeJsonl(records: Prediction[]): Uint8Array {
  return Buffer.from(records.map(jsonLine).join(""));
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
