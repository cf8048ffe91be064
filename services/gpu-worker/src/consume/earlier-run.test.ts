import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batchIdOf, chunkIdOf } from "@labelfleet/shared/contract/ids";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { defaultImageLimits, type RunSpec } from "@labelfleet/shared/contract/run-spec";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EarlierRun } from "./earlier-run.js";

const sha256 = "0".repeat(64);
const batchImages = 2;
const chunkEntries = 4;
const spec: RunSpec = {
  schemaVersion: 1,
  runId: "20260102t030405z-abcdef",
  frozen: {
    input: "file:///in/",
    output: "file:///out/",
    filters: { include: [], exclude: [], limit: null, sample: null },
    models: [{ id: "m", sha256, weightsSha256: sha256, precision: "fp32" }],
    since: null,
    topK: 1,
    threshold: null,
    background: null,
    embeddings: false,
    format: "jsonl",
    batchImages,
    device: "cpu",
    conditionalPut: true,
    created: "2026-01-02T03:04:05.000Z",
    version: "0.0.0",
  },
  overridable: { lane: "default", maxFailed: { kind: "share", share: 0.1 }, limits: defaultImageLimits },
};

/** Keys b, d, f … x: twelve of them in three full chunks, and an empty one at the end. */
const entries = Array.from({ length: 12 }, (_, i) => entryOf(String.fromCharCode("b".charCodeAt(0) + 2 * i)));
const failedKey = "h";

function entryOf(key: string, etag = `etag-${key}`): ManifestEntry {
  return { key, etag, sizeBytes: 1 };
}

function recordOf(entry: ManifestEntry): Prediction {
  const isOk = entry.key !== failedKey;
  return {
    key: entry.key,
    etag: entry.etag,
    sizeBytes: entry.sizeBytes,
    width: 1,
    height: 1,
    modelId: "m",
    status: isOk ? "ok" : "failed",
    top: isOk ? [{ index: 1, label: "goldfish", probability: 0.5 }] : null,
    embedding: null,
    errorCode: isOk ? null : "IMAGE_CORRUPT",
    errorMessage: isOk ? null : "made up",
    retryable: isOk ? null : false,
    workerId: "w",
    pass: 0,
  };
}

let dir: string;
let earlier: EarlierRun;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lf-earlier-"));
  const folder = await RunFolder.open(`file://${dir}/`);
  await folder.writeJson(runNames.spec, spec);
  for (let seq = 0; seq * chunkEntries <= entries.length; seq++) {
    const chunkId = chunkIdOf("r000", seq);
    const chunk = entries.slice(seq * chunkEntries, (seq + 1) * chunkEntries);
    await folder.writeChunk(chunkId, chunk);
    for (let n = 0; n * batchImages < chunk.length; n++) {
      const records = chunk.slice(n * batchImages, (n + 1) * batchImages).map(recordOf);
      await folder.writeFirst(
        runNames.shard("m", batchIdOf(chunkId, n), "jsonl"),
        await encodeShard(records, "jsonl"),
        "",
      );
    }
  }
  await folder.close();
  earlier = (await EarlierRun.open(folder.uri))!;
});

afterAll(async () => {
  await earlier.close();
  await rm(dir, { recursive: true });
});

async function keysOf(asked: ManifestEntry[]): Promise<string> {
  return (await earlier.recordsOf(asked, ["m"])).map(({ key }) => key).join("");
}

test("a batch's unchanged and labelled objects are found wherever its keys begin and end", async () => {
  const letters = Array.from("abcdefghijklmnopqrstuvwxyz");
  for (let from = 0; from < letters.length; from++) {
    for (let to = from + 1; to <= letters.length; to++) {
      const asked = letters.slice(from, to);
      const wanted = entries.filter(({ key }) => asked.includes(key) && key !== failedKey).map(({ key }) => key);
      expect(await keysOf(asked.map((key) => entryOf(key))), asked.join("")).toBe(wanted.join(""));
    }
  }
});

test("a run that is gone has nothing to carry over", async () => {
  expect(await EarlierRun.open(`file://${dir}/gone/`)).toBeNull();
});

test("an object with another etag is not carried over, nor is one of another model", async () => {
  expect(await keysOf([entryOf("b"), entryOf("d", "new"), entryOf("f")])).toBe("bf");
  expect(await earlier.recordsOf([entryOf("b")], ["other"])).toEqual([]);
});

test("an object of another size or time is not carried over, and one whose ETag names no version never is", async () => {
  const unknown = ["", 'W/"weak"', "00000000000000000000000000000000-1", "null"];
  const listed = [
    ...unknown.map((etag, i) => ({ ...entryOf(`a${i}`, etag), lastModifiedMs: 1_000 })),
    { ...entryOf("b"), lastModifiedMs: 1_000 },
    { ...entryOf("c"), lastModifiedMs: 1_000 },
    { ...entryOf("d"), lastModifiedMs: 1_000 },
    entryOf("e"),
    { ...entryOf("f"), sizeBytes: 2 },
  ];
  const folder = await RunFolder.open(`file://${dir}/versions/`);
  await folder.writeJson(runNames.spec, { ...spec, frozen: { ...spec.frozen, batchImages: 20 } });
  await folder.writeChunk(chunkIdOf("r000", 0), listed);
  // A faulty run may have written another size than it listed.
  const records = listed.map((entry) => ({ ...recordOf(entry), sizeBytes: 1 }));
  await folder.writeFirst(
    runNames.shard("m", batchIdOf(chunkIdOf("r000", 0), 0), "jsonl"),
    await encodeShard(records, "jsonl"),
    "",
  );
  await folder.close();
  const changed = { ...listed[6]!, lastModifiedMs: 9_000 };
  const asked = [
    ...listed.slice(0, 5),
    { ...listed[5]!, sizeBytes: 2 },
    changed,
    { ...listed[7]!, lastModifiedMs: 1_000 },
    listed[8]!,
  ];
  const run = (await EarlierRun.open(folder.uri))!;
  const found = await run.recordsOf(asked, ["m"]);
  await run.close();
  expect(found.map(({ key }) => key)).toEqual(["b", "e"]);
});
