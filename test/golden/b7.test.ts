import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ModelCard } from "@labelfleet/models/model-card";
import { madeUpWeights } from "@labelfleet/models/test-support/made-up-weights";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkoutDir } from "../containers/checkout.js";

/** In a process of its own: from the model folder to a session, and what that took. */
const script = `
import { readFile } from "node:fs/promises";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import { loadModelFolder } from "@labelfleet/models/model-folder";
import { openOnnxSession } from "@labelfleet/runtime/onnx-session";
const [folder, cacheDir] = process.argv.slice(1);
const modelPath = await ensureOnnx(await loadModelFolder(folder), { cacheDir });
const { session } = await openOnnxSession({ modelPath, device: "cpu" });
await session.close();
const { user, system } = process.cpuUsage();
const peakKb = Number(/VmHWM:\\s+(\\d+)/.exec(await readFile("/proc/self/status", "utf8"))[1]);
console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6, peakBytes: peakKb * 1024 }));
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "labelfleet-b7-"));
  const architecture = "tf_efficientnet_b7";
  const weights = madeUpWeights(architecture);
  const card: ModelCard = {
    ...{ schemaVersion: 1, id: "b7", architecture, inputPx: 600, cropPct: 0.949, interpolation: "bicubic" },
    ...{ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], activation: "softmax", numClasses: 1000 },
    weights: { file: "weights.safetensors", sha256: createHash("sha256").update(weights).digest("hex") },
    ...{ license: "none", source: "made up" },
  };
  await writeFile(join(folder, card.weights.file), weights);
  await writeFile(join(folder, "model.json"), JSON.stringify(card));
  await copyFile(join(checkoutDir, "models/efficientnet-lite0/labels.json"), join(folder, "labels.json"));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function open(): Promise<{ cpuSeconds: number; peakBytes: number }> {
  const words = ["--input-type=module", "--eval", script, folder, join(folder, "cache")];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: join(checkoutDir, "test") });
  return JSON.parse(stdout) as { cpuSeconds: number; peakBytes: number };
}

// Seconds of CPU, since others may work on the machine: on an idle one they are about those of the clock.
test("B7 goes from safetensors to a session in under 10 s and 1.5 GB, and from the cache in a fraction of that", async () => {
  const first = await open();
  expect(first.cpuSeconds).toBeLessThan(10);
  expect(first.peakBytes).toBeLessThan(1.5e9);
  const again = await open();
  expect(again.cpuSeconds).toBeLessThan(first.cpuSeconds / 1.5);
  expect(again.peakBytes).toBeLessThan(first.peakBytes);
}, 240_000);
