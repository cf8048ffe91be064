import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Prediction } from "../contract/prediction.js";
import { runNames } from "../contract/run-names.js";
import type { RunSpec } from "../contract/run-spec.js";
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
  const encoder = encoderOf(format, (key) => `/in/${key}`);
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
