import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parameterCount } from "@labelfleet/models/efficientnet/cost";
import { buildGraph } from "@labelfleet/models/efficientnet/graph";
import { architectureNames } from "@labelfleet/models/efficientnet/variants";
import { readModelArgs } from "@labelfleet/models/hub/timm-model-args";
import { tensorShapes } from "@labelfleet/models/test-support/made-up-weights";
import { Safetensors } from "@labelfleet/models/weights/safetensors";
import { encodeSafetensors } from "@labelfleet/models/weights/safetensors-writer";
import { openOnnxSession } from "@labelfleet/runtime/onnx-session";
import { describe, expect, it } from "vitest";
import { fnv1a, formulaImage, formulaTensor } from "./formula.js";

const read = async (name: string) => JSON.parse(await readFile(new URL(`./data/${name}`, import.meta.url), "utf8"));

/** Made by write_model_args.py of timm itself. */
const shapes: Record<string, { tensors: number; fnv1a: number; parameters: number }> =
  await read("network-shapes.json");
const golden: {
  architecture: string;
  inputPx: number;
  numClasses: number;
  gain: number;
  cases: { modelArgs: Record<string, unknown>; logits: number[] }[];
} = await read("model-args.json");

describe("the table of networks", () => {
  it("is checked as a whole", () => {
    expect(Object.keys(shapes).sort()).toEqual([...architectureNames].sort());
  });

  it.each(Object.entries(shapes))("has timm's tensors and parameters of %s", (name, expected) => {
    const tensors = tensorShapes(name, 1000);
    const lines = tensors.map(([tensor, shape]) => `${tensor} ${shape.join(",")}`).sort();
    expect(tensors).toHaveLength(expected.tensors);
    expect(fnv1a(lines.join("\n"))).toBe(expected.fnv1a);
    expect(parameterCount(name)).toBe(expected.parameters);
  });
});

describe("model_args", () => {
  const { architecture, inputPx, numClasses, gain } = golden;
  const weights = new Safetensors(
    encodeSafetensors(
      tensorShapes(architecture, numClasses).map(([name, shape]) => ({
        ...{ name, shape, values: formulaTensor(name, shape, gain) },
      })),
    ),
    architecture,
  );

  it.each(golden.cases)("give timm's logits: $modelArgs", async ({ modelArgs: given, logits }) => {
    const modelArgs = readModelArgs(given, (what) => new Error(what));
    const folder = await mkdtemp(join(tmpdir(), "labelfleet-args-"));
    try {
      const modelPath = join(folder, "graph.onnx");
      const common = { architecture, modelArgs, inputPx, numClasses, weights } as const;
      const half: [number, number, number] = [0.5, 0.5, 0.5];
      const form = { mean: half, std: half, activation: "softmax", outputs: ["logits"], precision: "fp32" } as const;
      await writeFile(modelPath, buildGraph({ ...common, ...form }));
      const { session } = await openOnnxSession({ modelPath, device: "cpu" });
      const found = await session.run(formulaImage(inputPx), 1);
      await session.close();
      const worst = Math.max(...logits.map((value, index) => Math.abs(value - found[index]!)));
      expect(found).toHaveLength(logits.length);
      // Each argument moves some logit by a hundredth and more.
      expect(worst).toBeLessThan(1e-4);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
