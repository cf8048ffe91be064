import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { multiplyAdds, parameterCount } from "@labelfleet/models/efficientnet/cost";
import { buildGraph } from "@labelfleet/models/efficientnet/graph";
import type { Precision } from "@labelfleet/models/onnx/graph-builder";
import { Safetensors } from "@labelfleet/models/weights/safetensors";
import { encodeSafetensors } from "@labelfleet/models/weights/safetensors-writer";
import { openOnnxSession } from "@labelfleet/runtime/onnx-session";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fnv1a, formulaImage, formulaTensor } from "./formula.js";

interface Golden {
  readonly architecture: string;
  readonly inputSize: number;
  readonly mean: [number, number, number];
  readonly std: [number, number, number];
  readonly parameters: number;
  readonly gain: number;
  readonly numClasses: number;
  readonly tensors: readonly (readonly [name: string, shape: number[]])[];
  readonly logits: readonly number[];
}

const dataFolder = new URL("./data/", import.meta.url);
const names = (await readdir(dataFolder)).filter((name) => /^(tf_)?efficientnet.*\.json$/.test(name));

/** A wrong epsilon, padding side or activation moves the logits by 0.2 or more; folding in float32 by 2e-5. */
const tolerance = 1e-3;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "labelfleet-golden-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the formulas", () => {
  it("give the numbers that the golden data's README names", () => {
    expect(fnv1a("conv_stem.weight")).toBe(3217288665);
    const stem = formulaTensor("conv_stem.weight", [32, 3, 3, 3], 1.25);
    for (const [index, value] of [-0.07622679, -0.30556998, 0.39549425].entries()) {
      expect(stem[index]).toBeCloseTo(value, 7);
    }
    expect([...formulaImage(16).subarray(0, 3)]).toEqual([250, 78, 123]);
  });
});

describe.each(names)("%s", async (name) => {
  const golden: Golden = JSON.parse(await readFile(new URL(name, dataFolder), "utf8"));
  const { architecture, inputSize: inputPx, mean, std, numClasses } = golden;
  let weights: Safetensors;
  beforeAll(() => {
    const tensors = golden.tensors.map(([tensor, shape]) => ({
      name: tensor,
      shape,
      values: formulaTensor(tensor, shape, golden.gain),
    }));
    weights = new Safetensors(encodeSafetensors(tensors), name);
  }, 60_000);
  afterAll(() => {
    // 170 MB for B6, and the next file's come before this one's would be collected.
    weights = undefined as unknown as Safetensors;
  });

  /** The logits of `imageCount` equal images. */
  async function logitsOf(imageCount: number, precision: Precision): Promise<Float32Array> {
    const modelPath = join(folder, `${architecture}-${precision}.onnx`);
    const options = {
      architecture,
      inputPx,
      mean,
      std,
      numClasses,
      activation: "softmax",
      weights,
      precision,
    } as const;
    await writeFile(modelPath, buildGraph({ ...options, outputs: ["logits"] }));
    const { session } = await openOnnxSession({ modelPath, device: "cpu" });
    try {
      const image = formulaImage(inputPx);
      const images = new Uint8Array(imageCount * image.length);
      for (let index = 0; index < imageCount; index++) images.set(image, index * image.length);
      return await session.run(images, imageCount);
    } finally {
      await session.close();
      await rm(modelPath);
    }
  }

  it("has timm's number of parameters", () => {
    expect(parameterCount(architecture, numClasses)).toBe(golden.parameters);
    expect(multiplyAdds(architecture, inputPx, numClasses)).toBeGreaterThan(0.3e9);
  });

  it("gives timm's logits", async () => {
    const logits = await logitsOf(2, "fp32");
    expect(golden.logits).toHaveLength(numClasses);
    expect(worstOf(golden.logits, logits.subarray(0, numClasses))).toBeLessThan(tolerance);
    expect(worstOf(golden.logits, logits.subarray(numClasses))).toBeLessThan(tolerance);
  }, 60_000);

  it("gives the same top label in half precision, and logits within 2 % of their spread", async () => {
    const logits = await logitsOf(1, "fp16");
    const spread = Math.max(...golden.logits) - Math.min(...golden.logits);
    expect(worstOf(golden.logits, logits)).toBeLessThan(0.02 * spread);
    expect(topOf(logits)).toBe(topOf(golden.logits));
  }, 60_000);
});

function worstOf(expected: readonly number[], actual: Float32Array): number {
  return expected.reduce((most, value, index) => Math.max(most, Math.abs(value - (actual[index] ?? Number.NaN))), 0);
}

function topOf(logits: ArrayLike<number>): number {
  const values = Array.from(logits);
  return values.indexOf(Math.max(...values));
}
