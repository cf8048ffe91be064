import type { AsyncBuffer } from "hyparquet";
import { z } from "zod";
import { type Prediction, predictionSchema } from "../contract/prediction.js";
import type { OutputFormat } from "../contract/run-spec.js";
import { LabelfleetError } from "../errors.js";
import { conditionsOf } from "../storage/etag.js";
import { maxLineBytes, maxRowGroupBytes } from "./bounds.js";
import type { RunFolder } from "./run-folder.js";
import { shardLines } from "./shard-lines.js";

/** A shard as a listing of its folder shows it. */
export interface ShardFile {
  /** Relative to the run's folder. */
  name: string;
  etag: string;
  sizeBytes: number;
  format: OutputFormat;
}

const rowSchema = predictionSchema
  .pick({ status: true, errorCode: true })
  .extend({ top: z.array(z.object({ label: z.string(), probability: z.number() })).nullable() });

/** What an index keeps of a record, and where the record begins in its shard (0 for Parquet, which has no such place). */
export interface ShardRow {
  offset: number;
  status: Prediction["status"];
  errorCode: string | null;
  /** The most probable label; null for a failed image, and where `--threshold` left none. */
  label: string | null;
  /** Of that label; 0 without one. */
  probability: number;
}

/** The rows of a shard, some thousand at a time, without holding all of it. @throws RUN_INVALID, OBJECT_CHANGED */
export async function* scanRows(folder: RunFolder, shard: ShardFile): AsyncGenerator<ShardRow[]> {
  if (shard.format === "parquet") {
    let done = 0;
    for await (const rows of readParquet(folder, shard, { columns: ["status", "errorCode", "top"] })) {
      const before = done;
      yield rows.map((row, i) => rowOf(row, 0, `${shard.name}: row ${before + i + 1}`));
      done += rows.length;
    }
    return;
  }
  for await (const { lines, offsets } of shardLines(folder, shard)) {
    yield lines.map((line, i) => rowOf(parsed(line, shard, offsets[i]!), offsets[i]!, shard.name));
  }
}

/** All records of a shard, some thousand at a time. @throws RUN_INVALID, OBJECT_CHANGED */
export async function* scanRecords(folder: RunFolder, shard: ShardFile): AsyncGenerator<Prediction[]> {
  if (shard.format === "parquet") {
    for await (const rows of readParquet(folder, shard)) yield rows.map((row) => recordOf(row, shard));
    return;
  }
  for await (const { lines, offsets } of shardLines(folder, shard)) {
    yield lines.map((line, i) => recordOf(parsed(line, shard, offsets[i]!), shard));
  }
}

/**
 * One record, by its place: its row, and in JSON lines the bytes from `offset` up to `end`.
 *
 * @throws OBJECT_CHANGED when the shard was rewritten since, RUN_INVALID
 */
export async function readRecord(
  folder: RunFolder,
  shard: ShardFile,
  place: { row: number; offset: number; end: number },
): Promise<Prediction> {
  if (shard.format === "parquet") {
    const part = { rowStart: place.row, rowEnd: place.row + 1 };
    for await (const [row] of readParquet(folder, shard, part)) if (row !== undefined) return recordOf(row, shard);
    throw new LabelfleetError("RUN_INVALID", `${shard.name} has no row ${place.row + 1}`);
  }
  // Places come out of an index, which is a file as well.
  if (place.end - place.offset > maxLineBytes) {
    throw new LabelfleetError(
      "RUN_INVALID",
      `${shard.name}: the line at byte ${place.offset} is too long for a record`,
    );
  }
  const range = { start: place.offset, end: place.end - 1 };
  const { body } = await folder.store.get(folder.keyOf(shard.name), { range, ...conditionsOf(shard) });
  return recordOf(parsed(body.toString("utf8"), shard, place.offset), shard);
}

/** Rows by row group, read from the store as they are needed. */
async function* readParquet(
  folder: RunFolder,
  shard: ShardFile,
  part: { columns?: string[]; rowStart?: number; rowEnd?: number } = {},
): AsyncGenerator<Record<string, unknown>[]> {
  const file: AsyncBuffer = {
    byteLength: shard.sizeBytes,
    async slice(start, end = shard.sizeBytes) {
      if (end - start > maxRowGroupBytes) throw new RangeError(`${end - start} bytes of a column`);
      const range = { start, end: end - 1 };
      const { body } = await folder.store.get(folder.keyOf(shard.name), { range, ...conditionsOf(shard) });
      return body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength);
    },
  };
  const { decodeParquet } = await import("./parquet-codec.js");
  yield* decodeParquet(file, shard.name, part);
}

function parsed(line: string, shard: ShardFile, offset: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new LabelfleetError("RUN_INVALID", `${shard.name}: the line at byte ${offset} is not JSON`, { cause: error });
  }
}

function rowOf(value: unknown, offset: number, where: string): ShardRow {
  const row = rowSchema.safeParse(value);
  if (!row.success) throw new LabelfleetError("RUN_INVALID", `${where}: ${row.error.issues[0]?.message}`);
  const { status, errorCode, top } = row.data;
  return { offset, status, errorCode, label: top?.[0]?.label ?? null, probability: top?.[0]?.probability ?? 0 };
}

function recordOf(value: unknown, shard: ShardFile): Prediction {
  const record = predictionSchema.safeParse(value);
  if (record.success) return record.data;
  const issue = record.error.issues[0];
  throw new LabelfleetError("RUN_INVALID", `${shard.name}: ${issue?.path.join(".")}: ${issue?.message}`);
}
