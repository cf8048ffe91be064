import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rangeDoneSchema, rangesSchema } from "../contract/manifest.js";
import { runNames } from "../contract/run-names.js";
import { runReportSchema } from "../contract/run-report.js";
import { maxChunkBytes, maxDocumentBytes, maxLineBytes } from "./bounds.js";
import { RunFolder } from "./run-folder.js";
import { scanRows } from "./shard-rows.js";

let dir: string;
let folder: RunFolder;
const chunkId = "r000-000000";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "run-folder-"));
  folder = await RunFolder.open(dir);
});

afterEach(async () => {
  await folder.close();
  await rm(dir, { recursive: true });
});

const put = (name: string, body: Uint8Array) => folder.store.put(folder.keyOf(name), body);

test("a chunk that unpacks to more than any chunk has is refused, however small it is packed", async () => {
  const packed = gzipSync(Buffer.alloc(maxChunkBytes + 1), { level: 1 });
  expect(packed.length).toBeLessThan(maxChunkBytes / 100);
  await put(runNames.chunk(chunkId), packed);
  await expect(folder.readChunk(chunkId)).rejects.toMatchObject({
    code: "RUN_INVALID",
    message: `${folder.uri}manifest/r000-000000.jsonl.gz unpacks to more than 64 MiB`,
  });
});

test("a chunk of more entries than a chunk may have is refused at the first one too many", async () => {
  const line = `${JSON.stringify({ key: "a", etag: "e", sizeBytes: 1 })}\n`;
  await put(runNames.chunk(chunkId), gzipSync(line.repeat(10_240)));
  expect(await folder.readChunk(chunkId)).toHaveLength(10_240);
  await put(runNames.chunk(chunkId), gzipSync(`${line.repeat(10_241)}no JSON`));
  await expect(folder.readChunk(chunkId)).rejects.toThrow(/more than 10240 entries$/);
});

test("a document that is larger than any is refused unread", async () => {
  await put(runNames.report, Buffer.alloc(maxDocumentBytes + 1, " "));
  await expect(folder.readJson(runNames.report, runReportSchema)).rejects.toMatchObject({
    code: "RUN_INVALID",
    message: expect.stringContaining("report.json is larger than 16 MiB"),
  });
});

test("totals of more chunks, and more ranges, than there are names for are refused", async () => {
  const skipped = { folderMarkers: 0, unnameable: 0, filtered: 0 };
  const done = { schemaVersion: 1, chunks: 9e15, images: 9e15, skipped };
  await put(runNames.rangeDone("r000"), Buffer.from(JSON.stringify(done)));
  await expect(folder.readJson(runNames.rangeDone("r000"), rangeDoneSchema)).rejects.toMatchObject({
    code: "RUN_INVALID",
    message: expect.stringMatching(/manifest\/r000\.done: chunks: /),
  });
  const ranges = Array.from({ length: 1_001 }, () => ({ id: "r000", afterKey: null, throughKey: null }));
  await put(runNames.ranges, Buffer.from(JSON.stringify({ schemaVersion: 1, ranges })));
  await expect(folder.readJson(runNames.ranges, rangesSchema)).rejects.toMatchObject({ code: "RUN_INVALID" });
});

test("a line that is longer than any record ends the reading of its shard", async () => {
  const name = runNames.shard("m", "r000-000000-0000", "jsonl");
  const { etag } = await put(name, Buffer.alloc(2 * maxLineBytes, "x"));
  const shard = { name, etag, sizeBytes: 2 * maxLineBytes, format: "jsonl" as const };
  await expect(scanRows(folder, shard).next()).rejects.toMatchObject({
    code: "RUN_INVALID",
    message: expect.stringContaining("the line at byte 0 is longer than 16 MiB"),
  });
});
