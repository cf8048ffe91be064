import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Prediction, TopEntry } from "@labelfleet/shared/contract/prediction";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkoutDir } from "../containers/checkout.js";
import { Cli } from "../support/cli.js";
import { findLeaks, type LeakSnapshot, takeSnapshot } from "../support/leaks.js";

/** Below it, another resizer may well prefer another label. */
const clearProbability = 0.3;
const maxDifference = 0.25;
const maxMeanDifference = 0.05;

/** Photos of less than twice the size that the models ask for: they get the pixels that timm gets. */
const smallPhotos = ["cat-chelsea.jpg", "china-temple.jpg", "espresso.jpg", "flower.jpg"];
/** Of a probability, in float32 and rounded to five places. */
const rounding = 5e-5;

const models = ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"];
const samples = join(checkoutDir, "samples");

let before: LeakSnapshot;
let dir: string;
let cli: Cli;
let together: RunReport;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lf-golden-"));
  await mkdir(join(dir, "tmp"));
  before = await takeSnapshot(join(dir, "tmp"));
  cli = new Cli({ temporaryDir: join(dir, "tmp") });
  together = await label(models);
});

afterAll(async () => {
  const leaks = [...(await cli.close()), ...(await findLeaks(before))];
  await rm(dir, { recursive: true, force: true });
  expect(leaks).toEqual([]);
});

test.each(models)("%s labels the clear sample photos as timm does, beside other models and alone", async (model) => {
  const beside = await recordsOf(together, model);
  await expectGolden(model, beside);
  const alone = await recordsOf(await label([model]), model);
  await expectGolden(model, alone);
  for (const records of [beside, alone]) await expectSame(model, records);
  // Several models share one decoded picture, which moves the probabilities of large photos a little.
  for (const [photo, { top }] of beside) {
    const same = alone.get(photo)!.top!.find(({ index }) => index === top![0]!.index);
    expect(Math.abs(same!.probability - top![0]!.probability), photo).toBeLessThan(maxMeanDifference);
  }
});

test("a run of three models fetches and decodes each image once", async () => {
  const stages = Object.fromEntries(together.stages.map(({ stage, count }) => [stage, count]));
  const photos = (await readdir(samples)).filter((name) => name.endsWith(".jpg")).length;
  expect(together.images).toBe(photos);
  expect(stages).toMatchObject({ fetch: photos, decode: photos, infer: photos * models.length });
});

async function expectGolden(model: string, records: Map<string, Prediction>): Promise<void> {
  const expected = (await golden())[`tf_${model.replace("-", "_")}`]!;
  expect([...records.keys()]).toEqual(Object.keys(expected).sort());
  const differences: number[] = [];
  for (const [photo, [first]] of Object.entries(expected)) {
    if (first!.probability < clearProbability) continue;
    const [top] = records.get(photo)!.top!;
    expect({ photo, index: top!.index, label: top!.label }).toEqual({
      photo,
      index: first!.index,
      label: first!.label,
    });
    differences.push(Math.abs(top!.probability - first!.probability));
  }
  expect(differences.length).toBeGreaterThanOrEqual(4);
  expect(Math.max(...differences)).toBeLessThan(maxDifference);
  expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(maxMeanDifference);
}

/** The small photos have timm's five labels in its order, with its probabilities. */
async function expectSame(model: string, records: Map<string, Prediction>): Promise<void> {
  const expected = (await golden())[`tf_${model.replace("-", "_")}`]!;
  for (const photo of smallPhotos) {
    const top = records.get(photo)!.top!;
    expect(top.map(({ label }) => label)).toEqual(expected[photo]!.map(({ label }) => label));
    for (const [place, { probability }] of top.entries()) {
      expect(Math.abs(probability - expected[photo]![place]!.probability), photo).toBeLessThan(rounding);
    }
  }
}

async function label(names: string[]): Promise<RunReport> {
  const flags = names.flatMap((name) => ["--model", name]);
  const { exitCode, stdout, stderr } = await cli.run([
    "run",
    samples,
    "--out",
    join(dir, "labels"),
    "--json",
    ...flags,
  ]);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as RunReport;
}

async function recordsOf({ run }: RunReport, model: string): Promise<Map<string, Prediction>> {
  const folder = new URL(`predictions/model=${model}/`, run);
  const shards = await Promise.all(
    (await readdir(folder)).sort().map((name) => readFile(new URL(name, folder), "utf8")),
  );
  const lines = shards.join("").trimEnd().split("\n");
  const records = lines.map((line) => JSON.parse(line) as Prediction);
  return new Map(records.map((record) => [record.key, record]));
}

async function golden(): Promise<Record<string, Record<string, TopEntry[]>>> {
  return JSON.parse(await readFile(join(checkoutDir, "test/golden/data/samples/sample-predictions.json"), "utf8"));
}
