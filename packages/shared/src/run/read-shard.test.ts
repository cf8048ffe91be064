import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Prediction } from "../contract/prediction.js";
import { type OutputFormat, outputFormats } from "../contract/run-spec.js";
import { factsOf, readShard } from "./read-shard.js";
import { RunFolder } from "./run-folder.js";
import { encodePieces } from "./shard-codec.js";
import { readRecord, scanRows } from "./shard-rows.js";

let dir: string;
let folder: RunFolder;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "wide-"));
  folder = await RunFolder.open(dir);
});

afterAll(async () => {
  await folder.close();
  await rm(dir, { recursive: true });
});

const images = 300;
const numbers = 2_100;
/** Far less than such a shard has. */
const wholeBytes = 64 * 1024;

/** Numbers that no codec makes short. */
function embeddingOf(i: number): number[] {
  return Array.from({ length: numbers }, (_, k) =>
    Math.fround((((i * numbers + k) * 2_654_435_761) % 1_000_003) / 1_000_003),
  );
}

function recordOf(i: number): Prediction {
  return {
    key: `photo-${String(i).padStart(5, "0")}.jpg`,
    etag: "e",
    sizeBytes: 5,
    width: 2,
    height: 1,
    modelId: "m",
    status: i % 7 === 3 ? "failed" : "ok",
    top: i % 7 === 3 ? null : [{ index: 1, label: "cat", probability: 0.5 }],
    embedding: i % 7 === 3 ? null : embeddingOf(i),
    errorCode: i % 7 === 3 ? "IMAGE_CORRUPT" : null,
    errorMessage: i % 7 === 3 ? "made up" : null,
    retryable: i % 7 === 3 ? false : null,
    workerId: "w",
    pass: 0,
  };
}

const records = Array.from({ length: images }, (_, i) => recordOf(i));

/** Writes the records in pieces, and says how large the largest was. */
async function write(name: string, format: OutputFormat): Promise<{ pieces: number; largest: number; bytes: number }> {
  const seen = { pieces: 0, largest: 0, bytes: 0 };
  async function* watched() {
    for await (const piece of encodePieces(records, format)) {
      seen.pieces++;
      seen.bytes += piece.length;
      seen.largest = Math.max(seen.largest, piece.length);
      yield piece;
    }
  }
  await folder.store.put(folder.keyOf(name), watched(), { ifNoneMatch: "*" });
  return seen;
}

test.each(outputFormats)(
  "a %s shard of wide records is written in pieces as one object, and read piece by piece",
  async (format) => {
    const name = `predictions/model=m/r000-000000-0000.${format}`;
    const { pieces, largest, bytes } = await write(name, format);
    expect(bytes).toBeGreaterThan(10 * wholeBytes);
    expect(pieces).toBeGreaterThan(2);
    expect(largest).toBeLessThan(bytes);
    // The first writer wins, and nothing is left of the second.
    await expect(write(name, format)).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
    expect((await readdir(join(dir, "predictions/model=m"))).filter((file) => file.endsWith(format))).toHaveLength(1);

    const stored = await readShard(folder, { name, format }, factsOf, wholeBytes);
    expect(stored!.value).toEqual(records.map(factsOf));
    expect(stored!.sizeBytes).toBe(bytes);
    const whole = await readShard(folder, { name, format }, (record) => record.embedding?.length ?? null);
    expect(whole!.value).toEqual(records.map((record) => record.embedding?.length ?? null));

    const shard = { name, etag: stored!.etag, sizeBytes: bytes, format };
    const rows = [];
    for await (const piece of scanRows(folder, shard)) rows.push(...piece);
    expect(rows.map(({ status, label }) => [status, label])).toEqual(
      records.map(({ status, top }) => [status, top?.[0]?.label ?? null]),
    );
    const end = rows[291]!.offset;
    expect(await readRecord(folder, shard, { row: 290, offset: rows[290]!.offset, end })).toEqual(records[290]);
  },
);
