import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelCard } from "@labelfleet/models/model-card";
import { FakeHub } from "@labelfleet/models/test-support/fake-hub";
import { madeUpWeights } from "@labelfleet/models/test-support/made-up-weights";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { decodeShard } from "@labelfleet/shared/run/shard-codec";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig, smallPhotos } from "./rig.js";

const architecture = "tf_efficientnet_lite0";
const features = 1280;
const weights = Buffer.from(madeUpWeights(architecture, 3));

let rig: Rig;
let hub: FakeHub;
let input: string;
let out: string;
let weightsPath: string;
/** A cache of this suite's own, so that pulls are first ones. */
let env: Record<string, string>;

beforeAll(async () => {
  [rig, hub] = await Promise.all([Rig.start(), FakeHub.start()]);
  input = await rig.folder("photos", await smallPhotos(6));
  out = join(rig.dir, "labels");
  weightsPath = join(rig.dir, "w.safetensors");
  await writeFile(weightsPath, weights);
  env = { LABELFLEET_CACHE_DIR: join(rig.dir, "cache"), HF_ENDPOINT: hub.endpoint };
});

afterAll(async () => {
  await hub.stop();
  expect(await rig.stop()).toEqual([]);
});

/** A model folder with these weights, or this graph. Returns its path. */
async function modelFolder(id: string, file: string, bytes: Uint8Array, card: Partial<ModelCard>): Promise<string> {
  const folder = join(rig.dir, id);
  await mkdir(folder);
  const whole: ModelCard = {
    ...{ schemaVersion: 1, id, inputPx: 64, cropPct: 0.875, interpolation: "bicubic", activation: "softmax" },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], numClasses: 3, license: "mine", source: "made up" },
    weights: { file, sha256: createHash("sha256").update(bytes).digest("hex") },
    ...card,
  };
  await writeFile(join(folder, file), bytes);
  await writeFile(join(folder, "model.json"), JSON.stringify(whole));
  await writeFile(join(folder, "labels.json"), JSON.stringify(["red", "green", "blue"].map((label) => ({ label }))));
  return folder;
}

test("a graph of one's own labels as the weights that it was built from do", async () => {
  const built = join(rig.dir, "logits.onnx");
  const flags = ["--architecture", architecture, "--weights", weightsPath, "--input-px", "64", "--output", "logits"];
  const summary = await rig.json<Record<string, unknown>>(["models", "build", ...flags, "--out", built]);
  expect(summary).toMatchObject({ architecture, inputPx: 64, numClasses: 3, output: "logits", precision: "fp32" });

  const own = await modelFolder("own", "model.onnx", await readFile(built), {});
  const network = await modelFolder("network", "weights.safetensors", weights, { architecture });
  const report = await rig.json(["run", input, "--out", out, "--model", own, "--model", network, "--top-k", "3"], env);
  expect(report).toMatchObject({ images: 6, ok: 6 });
  const [byOwn, byNetwork] = [await rig.records(report.run, "own"), await rig.records(report.run, "network")];
  for (const [key, { top }] of byNetwork) {
    const other = byOwn.get(key)!.top!;
    expect(other.map(({ label }) => label)).toEqual(top!.map(({ label }) => label));
    for (const [i, { probability }] of top!.entries()) expect(other[i]!.probability).toBeCloseTo(probability, 4);
  }

  const checked = await rig.json<{ ok: boolean; samples: unknown[] }>(["models", "check", own], env);
  expect(checked.ok).toBe(true);
  expect(checked.samples.length).toBeGreaterThan(5);
  const refused = await rig.cli.run(["run", input, "--out", out, "--model", own, "--embeddings"], env);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain("the card of own names no output.embedding");
});

test("a multi-label head keeps what reaches the threshold; embeddings and half precision are frozen in run.json", async () => {
  const model = await modelFolder("tags", "weights.safetensors", weights, { architecture, activation: "sigmoid" });
  const words = ["run", input, "--out", out, "--model", model, "--top-k", "3"];
  const all = await rig.json(words, env);
  const some = await rig.json([...words, "--threshold", "0.5", "--embeddings", "--precision", "fp16"], env);
  const spec = await rig.spec(some.run);
  expect(spec.frozen).toMatchObject({ threshold: 0.5, embeddings: true, models: [{ id: "tags", precision: "fp16" }] });
  const [allRecords, someRecords] = [await rig.records(all.run, "tags"), await rig.records(some.run, "tags")];
  expect(someRecords.size).toBe(6);
  for (const [key, { top, embedding }] of someRecords) {
    const whole = allRecords.get(key)!;
    expect(whole.embedding).toBeNull();
    expect(whole.top).toHaveLength(3);
    // Half precision moves probabilities by a few thousandths; none of these lies that near to a half.
    expect(top!.map(({ label }) => label)).toEqual(
      whole.top!.filter(({ probability }) => probability >= 0.5).map(({ label }) => label),
    );
    expect(embedding).toHaveLength(features);
    expect(embedding!.some((value) => value > 0)).toBe(true);
  }
  const useless = await rig.cli.run(["run", input, "--out", out, "--threshold", "0.5"], env);
  expect([useless.exitCode, useless.stderr]).toEqual([
    2,
    expect.stringContaining("--threshold needs a multi-label model"),
  ]);
});

test("embeddings survive Parquet", async () => {
  const words = [
    "run",
    input,
    "--out",
    out,
    "--model",
    join(rig.dir, "network"),
    "--embeddings",
    "--format",
    "parquet",
  ];
  const report = await rig.json(words, env);
  const names = (await rig.names(report.run)).filter((name) => name.endsWith(".parquet"));
  const records: Prediction[] = [];
  for (const name of names) records.push(...(await decodeShard(await rig.read(report.run, name), "parquet", name)));
  expect(records).toHaveLength(6);
  expect(records.every(({ embedding }) => embedding?.length === features)).toBe(true);
});

test("--model with a repository pulls it on first use and says so; the second run has it", async () => {
  const repo = "someone/colours";
  const pretrained = {
    ...{ input_size: [3, 64, 64], crop_pct: 0.875, interpolation: "bicubic" },
    mean: [0.5, 0.5, 0.5],
  };
  const config = { architecture, num_classes: 3, label_names: ["red", "green", "blue"] };
  hub.add(repo, "config.json", JSON.stringify({ ...config, pretrained_cfg: { ...pretrained, std: [0.5, 0.5, 0.5] } }));
  hub.add(repo, "model.safetensors", weights, true);
  hub.cuts = [2_000_000];
  const words = ["run", input, "--out", out, "--model", `hf:${repo}`];
  const first = await rig.succeed(words, env);
  expect(first.stderr).toContain("Downloading colours from hf:someone/colours");
  expect(first.stdout).toContain("Complete: 6 images, 6 ok, 0 failed");
  await hub.stop();
  const second = await rig.succeed(words, env);
  expect(second.stderr).not.toContain("pulling");
  const shown = await rig.json<Record<string, unknown>>(["models", "show", `hf:${repo}`], env);
  expect(shown).toMatchObject({ id: "colours", weights: "pulled", inputPx: 64, resizeShortSidePx: 73 });
  expect((await rig.succeed(["models", "pull", `hf:${repo}`], env)).stdout).toContain("Already here: colours");
});

test.each([
  ["show", "efficientnet-b66"],
  ["check", "eficientnet-lite0"],
  ["pull", "efficientnet-b66"],
])("models %s names the nearest for a name that is none", async (verb, name) => {
  const { exitCode, stderr } = await rig.cli.run(["models", verb, name], env);
  expect(exitCode).toBe(2);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(/efficientnet-(b6|lite0|b0)/);
});

test("models show needs no weights: the table's stages, parameters and multiply-adds", async () => {
  const shown = await rig.json<Record<string, unknown>>(["models", "show", "efficientnet-b6"], env);
  expect(shown).toMatchObject({
    architecture: "tf_efficientnet_b6",
    inputPx: 528,
    parameters: 43_040_704,
    dropConnect: 0.2,
  });
  expect(Number(shown.multiplyAdds) / 19e9).toBeCloseTo(1, 1);
  const { stdout } = await rig.succeed(["models", "show", "efficientnet-b6"], env);
  expect(stdout).toMatch(/^7 +MBConv6, 5x5 +33 x 33 +344 +11 +2 +19,186,878 +4646\.02 M +0\.138 to 0\.182$/m);
});

test("models build takes our short names, and asks for mean and std where a tag names other weights", async () => {
  const build = (name: string, ...more: string[]) => {
    const flags = ["--architecture", name, "--weights", weightsPath, "--out", join(rig.dir, "short.onnx"), ...more];
    return rig.cli.run(["models", "build", ...flags], env);
  };
  const short = await build("efficientnet-lite0");
  expect([short.exitCode, short.stderr]).toEqual([
    0,
    expect.stringContaining("efficientnet-lite0 is tf_efficientnet_lite0"),
  ]);
  const tagged = await build("efficientnet_b0.ra4_e3600_r224_in1k");
  expect([tagged.exitCode, tagged.stderr]).toEqual([2, expect.stringContaining("give --mean and --std")]);
  const scale = await build("tf_efficientnet_lite0", "--mean", "127,127,127", "--std", "128,128,128");
  expect([scale.exitCode, scale.stderr]).toEqual([2, expect.stringContaining("on a scale of 0 to 255")]);
});
