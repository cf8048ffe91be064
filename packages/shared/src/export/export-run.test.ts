import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Prediction } from "../contract/prediction.js";
import { runNames } from "../contract/run-names.js";
import type { RunSpec } from "../contract/run-spec.js";
import { ManifestCheck } from "../run/record-stream.js";
import { RunFolder } from "../run/run-folder.js";
import { encodeShard } from "../run/shard-codec.js";
import { type ExportFormat, encoderOf } from "./encoder.js";
import { type ExportFilter, exportRun } from "./export-run.js";

let dir: string;
let folder: RunFolder;
const everything: ExportFilter = { modelId: null, status: null, label: null };
const spec = { frozen: { format: "jsonl", models: [{ id: "a" }, { id: "b-1.0" }] } } as unknown as RunSpec;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "export-"));
  folder = await RunFolder.open(dir);
});

afterEach(async () => {
  await folder.close();
  await rm(dir, { recursive: true });
});

function recordOf(key: string, modelId: string, label: string | null): Prediction {
  const isOk = label !== null;
  return {
    key,
    etag: "e",
    sizeBytes: 5,
    width: isOk ? 2 : null,
    height: isOk ? 1 : null,
    modelId,
    status: isOk ? "ok" : "failed",
    top: isOk ? [{ index: 1, label, probability: 0.5 }] : null,
    embedding: null,
    errorCode: isOk ? null : "IMAGE_CORRUPT",
    errorMessage: isOk ? null : "made up",
    retryable: isOk ? null : false,
    workerId: "w",
    pass: 0,
  };
}

async function put(batch: number, modelId: string, records: Prediction[]): Promise<void> {
  const name = runNames.shard(modelId, `r000-000000-${String(batch).padStart(4, "0")}`, "jsonl");
  await folder.writeFirst(name, await encodeShard(records, "jsonl"), "");
}

async function exported(format: ExportFormat, filter: Partial<ExportFilter> = {}) {
  const counts = { images: 0, records: 0 };
  const encoder = encoderOf(format, (key) => `/in/${key}`, ["a", "b-1.0"]);
  let text = "";
  const pieces = exportRun({ folder, spec, encoder, filter: { ...everything, ...filter }, counts });
  for await (const piece of pieces) text += piece;
  return { text, counts };
}

const keysOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Prediction)
    .map(({ key, modelId }) => `${key} ${modelId}`);

/** More batches than are read ahead. */
const manyBatches = 25;

test("records of all models come in key order, image by image, over many batches", async () => {
  const expected: string[] = [];
  for (let batch = 0; batch < manyBatches; batch++) {
    const keys = ["x", "y"].map((letter) => `${String(batch).padStart(2, "0")}${letter}`);
    for (const modelId of ["a", "b-1.0"])
      await put(
        batch,
        modelId,
        keys.map((key) => recordOf(key, modelId, "cat")),
      );
    expected.push(...keys.flatMap((key) => [`${key} a`, `${key} b-1.0`]));
  }
  const { text, counts } = await exported("jsonl");
  expect(keysOf(text)).toEqual(expected);
  expect(counts).toEqual({ images: 2 * manyBatches, records: 4 * manyBatches });
});

test("of a run that is not complete there is what there is", async () => {
  await put(0, "a", [recordOf("k0", "a", "cat")]);
  await put(1, "b-1.0", [recordOf("k1", "b-1.0", "cat")]);
  await put(2, "a", [recordOf("k2", "a", "cat")]);
  await put(2, "b-1.0", [recordOf("k2", "b-1.0", "cat")]);
  expect(keysOf((await exported("jsonl")).text)).toEqual(["k0 a", "k1 b-1.0", "k2 a", "k2 b-1.0"]);
});

test("filters choose by model, status and label", async () => {
  await put(0, "a", [recordOf("k0", "a", "cat"), recordOf("k1", "a", null), recordOf("k2", "a", "dog")]);
  await put(
    0,
    "b-1.0",
    ["k0", "k1", "k2"].map((key) => recordOf(key, "b-1.0", "dog")),
  );
  expect(keysOf((await exported("jsonl", { modelId: "a" })).text)).toEqual(["k0 a", "k1 a", "k2 a"]);
  expect(keysOf((await exported("jsonl", { status: "failed" })).text)).toEqual(["k1 a"]);
  expect(keysOf((await exported("jsonl", { modelId: "a", status: "ok", label: "dog" })).text)).toEqual(["k2 a"]);
});

test("FiftyOne gets one sample an image, with a classification for each model", async () => {
  await put(0, "a", [recordOf("k0", "a", "cat"), recordOf("k1", "a", null)]);
  await put(0, "b-1.0", [recordOf("k0", "b-1.0", "dog"), recordOf("k1", "b-1.0", null)]);
  const { samples } = JSON.parse((await exported("fiftyone")).text) as { samples: object[] };
  const classification = { _cls: "Classification", tags: [], confidence: 0.5 };
  expect(samples).toEqual([
    {
      filepath: "/in/k0",
      tags: [],
      metadata: { _cls: "ImageMetadata", size_bytes: 5, width: 2, height: 1 },
      _media_type: "image",
      key: "k0",
      model_a: { ...classification, label: "cat" },
      model_b_1_0: { ...classification, label: "dog" },
    },
    {
      filepath: "/in/k1",
      tags: ["failed"],
      metadata: { _cls: "ImageMetadata", size_bytes: 5 },
      _media_type: "image",
      key: "k1",
      error_a: "IMAGE_CORRUPT",
      error_b_1_0: "IMAGE_CORRUPT",
    },
  ]);
});

test("nothing to export is a whole document all the same", async () => {
  expect(JSON.parse((await exported("fiftyone")).text)).toEqual({ samples: [] });
  expect((await exported("csv")).text).toMatch(/^key,.*\r\n$/);
  expect((await exported("jsonl")).text).toBe("");
});

test("a shard that cannot be read stops the export", async () => {
  await put(0, "a", [recordOf("k0", "a", "cat")]);
  await folder.writeFirst(runNames.shard("a", "r000-000000-0001", "jsonl"), Buffer.from("{"), "");
  await expect(exported("jsonl")).rejects.toMatchObject({ code: "RUN_INVALID" });
});

/** A manifest of batches of two images, in one chunk. */
async function list(keys: string[]): Promise<void> {
  const ranges = [{ id: "r000", afterKey: null, throughKey: null }];
  await folder.writeJson(runNames.ranges, { schemaVersion: 1, ranges });
  await folder.writeChunk(
    "r000-000000",
    keys.map((key) => ({ key, etag: "e", sizeBytes: 5 })),
  );
  const skipped = { folderMarkers: 0, unnameable: 0, filtered: 0 };
  await folder.writeJson(runNames.rangeDone("r000"), { schemaVersion: 1, chunks: 1, images: keys.length, skipped });
}

async function checked(modelId: string | null = null) {
  const check = new ManifestCheck();
  const counts = { images: 0, records: 0 };
  const encoder = encoderOf("jsonl", (key) => key, ["a", "b-1.0"]);
  const filter = { ...everything, modelId };
  let text = "";
  const inPairs = { ...spec, frozen: { ...spec.frozen, batchImages: 2 } };
  for await (const piece of exportRun({ folder, spec: inPairs, encoder, filter, counts, check })) text += piece;
  return { keys: text === "" ? [] : keysOf(text), problems: check.problems.kept.map(({ message }) => message) };
}

describe("compared with the manifest", () => {
  const shard = (model: string, batch: number) => `predictions/model=${model}/r000-000000-000${batch}.jsonl`;

  beforeEach(async () => {
    await list(["k0", "k1", "k2", "k3", "k4"]);
    for (const model of ["a", "b-1.0"]) {
      await put(0, model, [recordOf("k0", model, "cat"), recordOf("k1", model, "cat")]);
      await put(1, model, [recordOf("k2", model, "cat"), recordOf("k3", model, "cat")]);
      await put(2, model, [recordOf("k4", model, "cat")]);
    }
  });

  const all = ["k0", "k1", "k2", "k3", "k4"].flatMap((key) => [`${key} a`, `${key} b-1.0`]);
  const rewrite = async (name: string, records: Prediction[]) =>
    folder.store.put(folder.keyOf(name), await encodeShard(records, "jsonl"));

  test("a whole run has nothing wrong", async () => {
    expect(await checked()).toEqual({ keys: all, problems: [] });
  });

  test("a missing shard is named, with what has no record, unless it is of a model that is not wanted", async () => {
    await folder.store.delete(folder.keyOf(shard("b-1.0", 1)));
    expect(await checked()).toEqual({
      keys: all.filter((key) => key !== "k2 b-1.0" && key !== "k3 b-1.0"),
      problems: [`${shard("b-1.0", 1)} is missing: 2 images have no record: "k2" to "k3"`],
    });
    expect((await checked("a")).problems).toEqual([]);
  });

  test("all shards of a model are missing, or one is replaced by a folder", async () => {
    for (const batch of [0, 1, 2]) await folder.store.delete(folder.keyOf(shard("a", batch)));
    await folder.store.put(folder.keyOf(`${shard("a", 0)}/x`), Buffer.from("x"));
    const { keys, problems } = await checked();
    expect(keys).toEqual(all.filter((key) => key.endsWith("b-1.0")));
    expect(problems).toHaveLength(4);
  });

  test("a shard that ends early, or is empty, is named", async () => {
    await rewrite(shard("a", 0), [recordOf("k0", "a", "cat")]);
    await rewrite(shard("a", 2), []);
    expect((await checked()).problems).toEqual([
      `${shard("a", 0)}: 1 of 2 records are there, 1 image has no record: "k1"`,
      `${shard("a", 2)}: 0 of 1 records are there, 1 image has no record: "k4"`,
    ]);
  });

  test("records of another batch, model or version, and doubled ones, are named and left out", async () => {
    await rewrite(shard("a", 0), [recordOf("k0", "a", "cat"), recordOf("k0", "a", "cat"), recordOf("k1", "a", "cat")]);
    await rewrite(shard("a", 1), [recordOf("k2", "b-1.0", "cat"), { ...recordOf("k3", "a", "cat"), etag: "other" }]);
    const { keys, problems } = await checked();
    expect(keys).toEqual(all.filter((key) => key !== "k2 a" && key !== "k3 a"));
    expect(problems).toEqual([
      `${shard("a", 0)}: 1 record is not of this batch`,
      `${shard("a", 1)}: 0 of 2 records are there, 2 images have no record: "k2" to "k3"`,
      `${shard("a", 1)}: 2 records are not of this batch`,
    ]);
  });

  test("records of an object whose listing had no ETag say what was read, and are of its size", async () => {
    await folder.store.delete(folder.keyOf("manifest/r000-000000.jsonl.gz"));
    await folder.writeChunk(
      "r000-000000",
      ["k0", "k1", "k2", "k3", "k4"].map((key) => ({ key, etag: "", sizeBytes: 5 })),
    );
    await rewrite(shard("a", 2), [{ ...recordOf("k4", "a", "cat"), sizeBytes: 6 }]);
    const { keys } = await checked();
    expect(keys).toEqual(all.filter((key) => key !== "k4 a"));
  });

  test("a shard of no batch is named and left out, also one of the other format", async () => {
    await rewrite(shard("a", 7), [recordOf("k7", "a", "cat")]);
    await rewrite(shard("a", 1).replace("jsonl", "parquet"), []);
    const { keys, problems } = await checked();
    expect(keys).toEqual(all);
    expect(problems.sort()).toEqual([
      `${shard("a", 1).replace("jsonl", "parquet")} belongs to no batch of the run`,
      `${shard("a", 7)} belongs to no batch of the run`,
    ]);
  });

  test("where a chunk of the manifest is gone, what lies there is exported and the chunk is named", async () => {
    await folder.store.delete(folder.keyOf(runNames.chunk("r000-000000")));
    const { keys, problems } = await checked();
    expect(keys).toEqual(all);
    expect(problems[0]).toBe("manifest/r000-000000.jsonl.gz is missing");
  });
});
