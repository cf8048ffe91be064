import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { multiplyAdds, parameterCount } from "@labelfleet/models/efficientnet/cost";
import { buildGraph } from "@labelfleet/models/efficientnet/graph";
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
const names = (await readdir(dataFolder)).filter((name) => name.endsWith(".json"));

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

  it("has timm's number of parameters", () => {
    expect(parameterCount(architecture, numClasses)).toBe(golden.parameters);
    expect(multiplyAdds(architecture, inputPx, numClasses)).toBeGreaterThan(0.3e9);
  });

  it("gives timm's logits", async () => {
    const tensors = golden.tensors.map(([tensor, shape]) => ({
      name: tensor,
      shape,
      values: formulaTensor(tensor, shape, golden.gain),
    }));
    const weights = new Safetensors(encodeSafetensors(tensors), name);
    const options = { architecture, inputPx, mean, std, numClasses, activation: "softmax", weights } as const;
    const modelPath = join(folder, `${architecture}.onnx`);
    await writeFile(modelPath, buildGraph({ ...options, output: "logits" }));
    const { session } = await openOnnxSession({ modelPath, device: "cpu" });
    try {
      const image = formulaImage(inputPx);
      const twice = new Uint8Array(2 * image.length);
      twice.set(image);
      twice.set(image, image.length);
      const logits = await session.run(twice, 2);
      expect(golden.logits).toHaveLength(numClasses);
      for (const offset of [0, numClasses]) {
        const worst = golden.logits.reduce(
          (most, value, index) => Math.max(most, Math.abs(value - (logits[offset + index] ?? Number.NaN))),
          0,
        );
        expect(worst).toBeLessThan(tolerance);
      }
    } finally {
      await session.close();
    }
  }, 60_000);
});
