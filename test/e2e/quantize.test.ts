import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig, smallPhotos } from "./rig.js";

let rig: Rig;
let photos: string;
let env: Record<string, string>;

beforeAll(async () => {
  rig = await Rig.start();
  photos = await rig.folder("photos", await smallPhotos(130));
  env = { LABELFLEET_CACHE_DIR: join(rig.dir, "cache") };
});
afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

interface Quantized {
  agreement: { same: number; of: number; share: number; interval: { low: number; high: number } };
}

test("a model in 8 bits is checked against its float model, and is a model like any other", async () => {
  const folder = join(rig.dir, "lite0-int8");
  // Crops of a dozen photos are hard to name: where the float model is unsure, the other one often names its second choice.
  const flags = ["--calibrate", photos, "--out", folder, "--images", "64", "--min-agreement", "60%"];
  const { agreement } = await rig.json<Quantized>(["models", "quantize", "efficientnet-lite0", ...flags], env);
  expect(agreement.of).toBe(66);
  expect(agreement.share).toBe(agreement.same / 66);
  expect(agreement.interval.low).toBeLessThan(agreement.share);
  expect((await stat(join(folder, "model.onnx"))).size).toBeLessThan(10_000_000);

  const out = join(rig.dir, "labels");
  const report = await rig.json(["run", photos, "--out", out, "--model", folder, "--limit", "12"], env);
  expect(report).toMatchObject({ images: 12, ok: 12 });
  expect((await rig.spec(report.run)).frozen.models[0]).toMatchObject({
    ...{ id: "efficientnet-lite0-int8", precision: "int8" },
  });
  const float = await rig.json(["run", photos, "--out", out, "--limit", "12"], env);
  const [eight, full] = await Promise.all([rig.records(report.run, "efficientnet-lite0-int8"), rig.records(float.run)]);
  const same = [...full].filter(([key, { top }]) => eight.get(key)?.top?.[0]?.label === top?.[0]?.label);
  expect(same.length).toBeGreaterThanOrEqual(6);
});

test("below the agreement asked for nothing is written", async () => {
  const folder = join(rig.dir, "never");
  const flags = ["--calibrate", photos, "--out", folder, "--images", "64", "--min-agreement", "100%"];
  const { exitCode, stderr } = await rig.cli.run(["models", "quantize", "efficientnet-lite0", ...flags], env);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/on \d+ of 66 images, .* under --min-agreement 100\.0 %: nothing is written/);
  await expect(stat(folder)).rejects.toThrow("ENOENT");
});

test.each([
  [["--precision", "int8"], /--precision int8: efficientnet-lite0 is not quantised; `npx labelfleet models quantize`/],
  [["--precision", "fp32", "--model", "lite0-int8"], /--precision fp32: efficientnet-lite0-int8 is int8/],
])("run refuses %j", async (flags, line) => {
  const words = flags.map((flag) => (flag === "lite0-int8" ? join(rig.dir, flag) : flag));
  const { exitCode, stderr } = await rig.cli.run(["run", photos, "--out", join(rig.dir, "x"), ...words], env);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(line);
});

test("too few images are refused before anything is computed", async () => {
  const few = await rig.folder("few", await smallPhotos(3));
  const words = ["models", "quantize", "efficientnet-lite0", "--calibrate", few, "--out", join(rig.dir, "few-int8")];
  const { exitCode, stderr } = await rig.cli.run(words, env);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("3 images can be used, and at least 128 are needed");
});

test("the card says what the graph came from", async () => {
  const card = JSON.parse(await readFile(join(rig.dir, "lite0-int8", "model.json"), "utf8"));
  expect(card.quantized).toMatchObject({ calibrationImages: 64, agreement: { of: 66 } });
  expect(card.architecture).toBeUndefined();
});
