import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelMemory } from "@labelfleet/models/memory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BatchSizes, type PinnedLimits } from "./batch-sizes.js";
import { SizeNotes } from "./size-notes.js";

const weights = { weightsSha256: "f00", precision: "fp32" };
/** Of a Lite0 an image takes so much. */
const model = { weights, imageBytes: 36e6 };
let cacheDir: string;

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "labelfleet-sizes-"));
});
afterEach(() => rm(cacheDir, { recursive: true, force: true }));

function sizes(pinned: Partial<PinnedLimits> = {}, said: string[] = []): BatchSizes {
  return new BatchSizes({
    pinned: { maxBatchSize: null, maxWaitMs: null, ...pinned },
    nameOf: async (device) => `${device} of the test`,
    notes: new SizeNotes(cacheDir),
    say: (line) => said.push(line),
  });
}

/** Batches on a device on which 40 images are the best. */
function work(of: BatchSizes, batches: number): void {
  for (let i = 0; i < batches; i++) {
    const images = of.limitsOf("m").maxBatchSize;
    of.batchDone("m", { images, busyMs: 10 + images + 5 * Math.max(0, images - 40) });
  }
}

async function search(): Promise<void> {
  const first = sizes();
  await first.open({ ...model, modelKey: "m", device: "cuda" });
  expect(first.limitsOf("m")).toEqual({ maxBatchSize: 16, maxWaitMs: 20, anySize: false });
  work(first, 200);
  expect(first.limitsOf("m").maxBatchSize).toBe(40);
  await expect
    .poll(() => readdir(join(cacheDir, "batch-sizes")))
    .toEqual([expect.stringMatching(/^[0-9a-f]{32}\.json$/)]);
}

test("the next worker starts with what this one found, for these weights, device and precision only", async () => {
  await search();
  const next = sizes();
  await next.open({ ...model, modelKey: "m", device: "cuda" });
  await next.open({
    ...model,
    modelKey: "other weights",
    device: "cuda",
    weights: { ...weights, weightsSha256: "ba5" },
  });
  await next.open({
    ...model,
    modelKey: "other precision",
    device: "cuda",
    weights: { ...weights, precision: "fp16" },
  });
  await next.open({ ...model, modelKey: "other device", device: "simulated" });
  const start = (modelKey: string) => next.limitsOf(modelKey).maxBatchSize;
  expect(["m", "other weights", "other precision", "other device"].map(start)).toEqual([40, 16, 16, 16]);
});

test.each(["", "{", '{"size":0}', "null"])("a broken note (%j) is as good as none, and replaced", async (broken) => {
  await search();
  const [name] = await readdir(join(cacheDir, "batch-sizes"));
  const path = join(cacheDir, "batch-sizes", name!);
  await writeFile(path, broken);
  const next = sizes();
  await next.open({ ...model, modelKey: "m", device: "cuda" });
  expect(next.limitsOf("m").maxBatchSize).toBe(16);
  work(next, 200);
  await expect
    .poll(async () => (await new SizeNotes(cacheDir).read({ ...weights, device: "cuda of the test" }))?.size)
    .toBe(40);
});

test.each([
  { architecture: "tf_efficientnet_lite0", inputPx: 224, images: 2 },
  { architecture: "efficientnet_b1", inputPx: 240, images: 2 },
  { architecture: "efficientnet_b2", inputPx: 260, images: 1 },
  { architecture: "efficientnet_b3", inputPx: 300, images: 1 },
])(
  "on a CPU images of $architecture go by $images without waiting, and that stays so",
  async ({ images, ...network }) => {
    const { imageBytes } = modelMemory({ ...network, numClasses: 1_000 }, 0, "fp32");
    const cpu = sizes();
    await cpu.open({ modelKey: "m", device: "cpu", weights, imageBytes });
    work(cpu, 300);
    expect(cpu.warmUpImages("cpu", imageBytes)).toBe(images);
    expect(cpu.limitsOf("m")).toEqual({ maxBatchSize: images, maxWaitMs: 0, anySize: true });
    expect(await readdir(cacheDir)).toEqual([]);
  },
);

test("what is pinned is not searched for; out of memory it is halved all the same", async () => {
  const said: string[] = [];
  const pinned = sizes({ maxBatchSize: 24, maxWaitMs: 7 }, said);
  await pinned.open({ ...model, modelKey: "m", device: "cuda" });
  work(pinned, 300);
  expect(pinned.limitsOf("m")).toEqual({ maxBatchSize: 24, maxWaitMs: 7, anySize: false });
  pinned.batchTooLarge("m", 24);
  expect(pinned.limitsOf("m").maxBatchSize).toBe(12);
  expect(said).toEqual(["a batch of 24 is out of the device's memory; the next have 12"]);
});

test("a model's share of the memory bounds its batches, whether it is known before or after the model is loaded", async () => {
  const shared = sizes();
  shared.setCap("m", 9);
  await shared.open({ ...model, modelKey: "m", device: "cuda" });
  expect(shared.limitsOf("m").maxBatchSize).toBe(9);
  shared.setCap("m", 3);
  expect(shared.limitsOf("m").maxBatchSize).toBe(3);
  expect(shared.largest).toBe(3);
});
