import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Prediction } from "../contract/prediction.js";
import { outputFormats } from "../contract/run-spec.js";
import { RunFolder } from "./run-folder.js";
import { encodeShard } from "./shard-codec.js";
import { readRecord, type ShardFile, type ShardRow, scanRecords, scanRows } from "./shard-rows.js";

let dir: string;
let folder: RunFolder;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lf-rows-"));
  folder = await RunFolder.open(dir);
});
afterAll(async () => {
  await folder.close();
  await rm(dir, { recursive: true, force: true });
});

/** Records of different lengths, with text that is longer in bytes than in characters. */
function records(count: number, embeddingLength: number): Prediction[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `фото/${"é".repeat(i % 17)}-${i}.jpg`,
    etag: `e${i}`,
    sizeBytes: i,
    width: 10,
    height: 10,
    modelId: "m",
    status: i % 5 === 4 ? "failed" : "ok",
    top: i % 5 === 4 ? null : [{ index: i % 3, label: `label ${i % 3}`, probability: 1 / (1 + (i % 7)) }],
    embedding: embeddingLength === 0 ? null : Array.from({ length: embeddingLength }, (_, n) => n / 3),
    errorCode: i % 5 === 4 ? "IMAGE_CORRUPT" : null,
    errorMessage: i % 5 === 4 ? "broken" : null,
    retryable: i % 5 === 4 ? false : null,
    workerId: "w",
    pass: 0,
  }));
}

async function written(written: Prediction[], format: ShardFile["format"]): Promise<ShardFile> {
  const name = `predictions/model=m/${format}-${written.length}.${format}`;
  const body = await encodeShard(written, format);
  const { etag } = await folder.store.put(folder.keyOf(name), body);
  return { name, etag, sizeBytes: body.byteLength, format };
}

async function collected<T>(pieces: AsyncIterable<T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const piece of pieces) all.push(...piece);
  return all;
}

function endsOf(rows: ShardRow[], shard: ShardFile): number[] {
  return rows.map((_, i) => rows[i + 1]?.offset ?? shard.sizeBytes);
}

test.each(outputFormats)(
  "rows of a %s shard say what its records say, and each is found again by its place",
  async (format) => {
    const all = records(200, 0);
    const shard = await written(all, format);
    const rows = await collected(scanRows(folder, shard));
    expect(rows.map(({ offset: _, ...row }) => row)).toEqual(
      all.map(({ status, errorCode, top }) => ({
        status,
        errorCode,
        label: top?.[0]?.label ?? null,
        probability: top?.[0]?.probability ?? 0,
      })),
    );
    expect(await collected(scanRecords(folder, shard))).toEqual(all);
    const ends = endsOf(rows, shard);
    for (const row of [0, 1, 17, 199]) {
      const place = { row, offset: rows[row]!.offset, end: ends[row]! };
      expect(await readRecord(folder, shard, place)).toEqual(all[row]);
    }
  },
);

test("a shard of many pieces is read as one", async () => {
  const all = records(1_000, 600);
  const shard = await written(all, "jsonl");
  const pieces: Prediction[][] = [];
  for await (const piece of scanRecords(folder, shard)) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.flat()).toEqual(all);
});

test("a shard that was rewritten since, or cut, is refused", async () => {
  const shard = await written(records(10, 0), "jsonl");
  const stale = { ...shard, etag: "1-1" };
  await expect(collected(scanRows(folder, stale))).rejects.toMatchObject({ code: "OBJECT_CHANGED" });
  const cut = { ...shard, sizeBytes: shard.sizeBytes - 5 };
  await expect(collected(scanRows(folder, cut))).rejects.toMatchObject({ code: "RUN_INVALID" });
});
