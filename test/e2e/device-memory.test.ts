import { join } from "node:path";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig, smallPhotos } from "./rig.js";

const models = ["efficientnet-lite0", "efficientnet-lite1"];
/** By the estimates, Lite0 takes 44 MiB and 34 for each image, Lite1 51 and 40, Lite2 58 and 46. */
const device = (memoryMib: number) => ({
  LABELFLEET_SIMULATED_DEVICE: `launchMs=2,imageMs=0.1,memoryMib=${memoryMib}`,
});

let rig: Rig;
let input: string;

beforeAll(async () => {
  rig = await Rig.start();
  input = await rig.folder("input", await smallPhotos(150));
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

function run(env: Record<string, string>, ...flags: string[]): Promise<RunReport> {
  const modelFlags = models.flatMap((model) => ["--model", model]);
  return rig.json(["run", input, "--out", join(rig.dir, "labels"), ...modelFlags, ...flags], env);
}

test("models that do not fit on the device together take turns, and the run is the same", async () => {
  const together = await run(device(4_000));
  // Loaded both, they would leave no room for a single image.
  const inTurns = await run(device(100));
  for (const report of [together, inTurns]) expect(report).toMatchObject({ complete: true, ok: 150, failed: 0 });
  for (const model of models) {
    const top = async ({ run }: RunReport) => [...(await rig.records(run, model))].map(([key, { top }]) => [key, top]);
    expect(await top(inTurns)).toEqual(await top(together));
  }
});

test("batches that are out of memory come again smaller, and no image fails", async () => {
  // Slow enough that images gather.
  const small = { LABELFLEET_SIMULATED_DEVICE: "launchMs=2,imageMs=10,memoryImages=3" };
  const { stderr, stdout } = await rig.succeed(
    ["run", input, "--out", join(rig.dir, "labels"), "--max-batch-size", "16", "--json"],
    small,
  );
  expect(stderr).toMatch(/a batch of (4|8|16) is out of the device's memory/);
  expect(JSON.parse(stdout)).toMatchObject({ complete: true, ok: 150, failed: 0 });
});

test("a device that cannot hold one image makes records that say so", async () => {
  const report = await run(device(90), "--limit", "2", "--max-failed", "2", "--model", "efficientnet-lite2");
  expect(report).toMatchObject({ complete: true });
  expect(report.failedByCode).toEqual({ INFERENCE_OUT_OF_MEMORY: 2 });
});
