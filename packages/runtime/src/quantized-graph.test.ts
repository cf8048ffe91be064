import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { networkGraph } from "@labelfleet/models/efficientnet/graph";
import { encodeModel, type Graph } from "@labelfleet/models/onnx/model";
import { type Observed, Observer } from "@labelfleet/models/quantize/observe";
import { quantizeGraph } from "@labelfleet/models/quantize/quantize-graph";
import { madeUpWeights } from "@labelfleet/models/test-support/made-up-weights";
import { Safetensors } from "@labelfleet/models/weights/safetensors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openGraphOutputs } from "./graph-outputs.js";
import { profileOperators } from "./operator-profile.js";

const px = 64;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "labelfleet-quantized-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function floatGraph(architecture: string, mean: [number, number, number]): Graph {
  const weights = new Safetensors(madeUpWeights(architecture, 50), "made up");
  const std = [0.5, 0.5, 0.5] as const;
  return networkGraph({
    ...{ architecture, inputPx: px, mean, std, numClasses: 50, activation: "softmax", weights },
    ...{ outputs: ["logits"], precision: "fp32" },
  });
}

/** Images with an even gradient and noise, another one for each seed. */
function image(seed: number): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length: px * px * 3 }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.min(255, ((i * (seed + 3)) % 200) + (state >>> 26));
  });
}

async function outputsOf<T>(name: string, graph: Graph, images: Uint8Array[]): Promise<T[]> {
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, encodeModel(graph));
  const opened = await openGraphOutputs(path, px);
  const outputs: T[] = [];
  for (const one of images) outputs.push((await opened.run(one)) as T);
  await opened.close();
  return outputs;
}

async function quantized(name: string, float: Graph): Promise<Graph> {
  const observer = new Observer(float);
  const images = Array.from({ length: 16 }, (_, i) => image(i));
  for (const observed of await outputsOf<Observed>(`${name}-observing`, observer.graph, images)) observer.add(observed);
  return quantizeGraph(float, observer.calibration());
}

/** The error's share of what the outputs vary by, in root mean squares. */
function relativeError(float: Float32Array, other: Float32Array): number {
  const mean = float.reduce((sum, value) => sum + value, 0) / float.length;
  const spread = Math.sqrt(float.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  return Math.sqrt(float.reduce((sum, value, i) => sum + (value - other[i]!) ** 2, 0)) / spread;
}

test.each([
  ["tf_efficientnet_lite0", [0.5, 0.5, 0.5], 0.12],
  ["efficientnet_b0", [0.485, 0.456, 0.406], 0.35],
] as const)("%s in 8 bits gives the float network's logits, roughly", async (architecture, mean, tolerance) => {
  const float = floatGraph(architecture, [...mean]);
  const graph = await quantized(architecture, float);
  const unseen = [image(100), image(101)];
  const [before, after] = await Promise.all([
    outputsOf<{ logits: Float32Array }>(`${architecture}-float`, float, unseen),
    outputsOf<{ logits: Float32Array }>(`${architecture}-int8`, graph, unseen),
  ]);
  for (const [i, { logits }] of before.entries()) {
    expect(relativeError(logits, after[i]!.logits)).toBeLessThan(tolerance);
  }
});

test("onnxruntime computes every convolution and sum in whole numbers, and no Clip is left", async () => {
  const graph = await quantized("fused", floatGraph("tf_efficientnet_lite0", [0.5, 0.5, 0.5]));
  const path = join(folder, "fused.onnx");
  await writeFile(path, encodeModel(graph));
  const operators = new Map((await profileOperators(path, px, 2)).map(({ operator, nodes }) => [operator, nodes]));
  expect(operators.get("QLinearConv")).toBe(49);
  expect(operators.get("QLinearAdd")).toBe(9);
  for (const left of ["Conv", "FusedConv", "Clip", "Add"]) expect(operators.has(left), left).toBe(false);
});
