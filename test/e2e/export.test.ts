import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig, smallPhotos } from "./rig.js";

const models = ["efficientnet-lite0", "efficientnet-lite1"];

let rig: Rig;
let input: string;
let report: RunReport;
/** Of both models, in key order. */
let written: Prediction[];

beforeAll(async () => {
  rig = await Rig.start();
  input = await rig.folder("in", [...(await smallPhotos(7)), { name: "a/bad.jpg", bytes: Buffer.from("no image") }]);
  const words = ["run", input, "--out", join(rig.dir, "labels"), "--batch-images", "3", "--max-failed", "100%"];
  report = await rig.json([...words, ...models.flatMap((model) => ["--model", model])]);
  const byModel = await Promise.all(models.map((model) => rig.records(report.run, model)));
  written = [...byModel[0]!.keys()].flatMap((key) => byModel.map((records) => records.get(key)!));
}, 120_000);

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

test("stdout gets the records and nothing else", async () => {
  const { stdout } = await rig.succeed(["export", report.run, "--format", "jsonl"]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(written);
});

test("filters leave what they say", async () => {
  const { stdout } = await rig.succeed(["export", report.run, "--format", "jsonl", "--status", "failed"]);
  const failed = written.filter(({ status }) => status === "failed");
  expect(failed).toHaveLength(2);
  expect(stdout.trimEnd().split("\n")).toEqual(failed.map((record) => JSON.stringify(record)));
  const label = written.find(({ modelId, top }) => modelId === models[1] && top !== null)!.top![0]!.label;
  const chosen = written.filter(({ modelId, top }) => modelId === models[1] && top?.[0]?.label === label);
  const words = ["export", report.run, "--format", "jsonl", "--model", models[1]!, "--label", label];
  expect((await rig.succeed(words)).stdout.trimEnd().split("\n")).toEqual(chosen.map((r) => JSON.stringify(r)));
});

test("a folder that is missing is made, and one that cannot be is a line", async () => {
  const file = join(rig.dir, "some", "missing", "records.jsonl");
  await rig.succeed(["export", report.run, "--format", "jsonl", "--out", file]);
  expect((await readFile(file, "utf8")).trimEnd().split("\n")).toHaveLength(written.length);
  const { exitCode, stderr } = await rig.cli.run([
    "export",
    report.run,
    "--format",
    "csv",
    "--out",
    join(file, "x.csv"),
  ]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /^labelfleet: --out \S+ cannot be written: a part of its path is a file, not a folder \[OUTPUT_UNWRITABLE\]$/m,
  );
});

test("a file for FiftyOne names the images where they lie", async () => {
  const file = join(rig.dir, "samples.json");
  const said = await rig.json<object>(["export", report.run, "--format", "fiftyone", "--out", file]);
  expect(said).toEqual({ run: report.run, complete: true, format: "fiftyone", out: file, images: 8, records: 16 });
  const { samples } = JSON.parse(await readFile(file, "utf8")) as { samples: { filepath: string; tags: string[] }[] };
  expect(samples.map(({ filepath }) => filepath)).toEqual(
    [...new Set(written.map(({ key }) => key))].map((key) => join(input, key)),
  );
  expect(samples.filter(({ tags }) => tags.includes("failed")).map(({ filepath }) => filepath)).toEqual([
    join(input, "a/bad.jpg"),
  ]);
  for (const { filepath } of samples) await readFile(filepath);
});

test("wrong usage is refused before anything is written", async () => {
  for (const words of [
    ["--format", "csv", "--json"],
    ["--format", "csv", "--out", "s3://photos/out.csv"],
    ["--format", "csv", "--model", "no-such-model"],
    ["--format", "excel"],
    [],
  ]) {
    const result = await rig.cli.run(["export", report.run, ...words]);
    expect([words, result.exitCode, result.stdout]).toEqual([words, 2, ""]);
  }
});

test("an incomplete run gives what there is and exit code 1; an unreadable shard gives no file", async () => {
  const dir = fileURLToPath(report.run);
  const shards = (await readdir(join(dir, "predictions", `model=${models[0]}`))).sort();
  await rm(join(dir, "predictions", `model=${models[0]}`, shards[0]!));
  const file = join(rig.dir, "part.jsonl");
  const lost = await rig.cli.run(["export", report.run, "--format", "jsonl", "--out", file, "--json"]);
  expect([lost.exitCode, JSON.parse(lost.stdout)]).toEqual([
    1,
    expect.objectContaining({ complete: false, records: written.length - 3, problemCount: 1 }),
  ]);
  const named = `predictions/model=${models[0]}/${shards[0]} is missing: 3 images have no record: `;
  for (const words of [
    ["export", report.run, "--format", "csv"],
    ["report", report.run],
  ]) {
    const { exitCode, stderr } = await rig.cli.run(words);
    expect([words, exitCode, stderr]).toEqual([words, 1, expect.stringContaining(named)]);
  }
  await rm(join(dir, "_SUCCESS"));
  const result = await rig.cli.run(["export", report.run, "--format", "jsonl", "--out", file]);
  expect([result.exitCode, result.stderr]).toEqual([1, expect.stringMatching(/not complete/)]);
  expect((await readFile(file, "utf8")).trimEnd().split("\n")).toHaveLength(written.length - 3);

  await writeFile(join(dir, "predictions", `model=${models[0]}`, shards[1]!), "{");
  const broken = join(rig.dir, "broken.jsonl");
  const failed = await rig.cli.run(["export", report.run, "--format", "jsonl", "--out", broken]);
  expect([failed.exitCode, failed.stderr]).toEqual([1, expect.stringMatching(/ verify file:\S+ \[RUN_INVALID\]/)]);
  expect((await readdir(rig.dir)).filter((name) => name.startsWith("broken"))).toEqual([]);
});
