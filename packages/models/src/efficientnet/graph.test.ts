import { hasCode } from "@labelfleet/shared/errors";
import { describe, expect, it } from "vitest";
import { madeUpTensors } from "../test-support/made-up-weights.js";
import { Safetensors } from "../weights/safetensors.js";
import { encodeSafetensors, type NamedTensor } from "../weights/safetensors-writer.js";
import { buildGraph } from "./graph.js";

const architecture = "efficientnet_b0";
const tensors = madeUpTensors(architecture, 3);

function build(bytes: Uint8Array, differing: Partial<Parameters<typeof buildGraph>[0]> = {}): Uint8Array[] {
  return buildGraph({
    ...{ architecture, inputPx: 64, mean: [0, 0, 0], std: [1, 1, 1], numClasses: 3, activation: "softmax" },
    ...{ weights: new Safetensors(bytes, "w.safetensors"), outputs: ["probabilities"], precision: "fp32" },
    ...differing,
  });
}

/** The weights with one tensor replaced, or left out where `change` gives none. */
function changed(name: string, change: (tensor: NamedTensor) => NamedTensor[]): Uint8Array {
  return encodeSafetensors(tensors.flatMap((tensor) => (tensor.name === name ? change(tensor) : [tensor])));
}

const squeeze = "blocks.0.0.se.conv_reduce.weight";

describe("buildGraph", () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      "a missing tensor",
      () => build(changed(squeeze, () => [])),
      /w\.safetensors: tensor blocks\.0\.0\.se\.conv_reduce\.weight is missing/,
    ],
    [
      "a tensor of another shape",
      () => build(changed(squeeze, ({ values, ...rest }) => [{ ...rest, values, shape: [32, 8, 1, 1] }])),
      /tensor blocks\.0\.0\.se\.conv_reduce\.weight has shape \[32,8,1,1\], expected \[8,32,1,1\]/,
    ],
    [
      "a tensor with NaN",
      () => build(changed("bn1.bias", (tensor) => [{ ...tensor, values: tensor.values.with(5, Number.NaN) }])),
      /tensor bn1\.bias has NaN at element 5/,
    ],
    [
      "another number of classes",
      () => build(encodeSafetensors(tensors), { numClasses: 5 }),
      /tensor classifier\.weight has shape \[3,1280\], expected \[5,1280\]/,
    ],
    [
      "weights of another variant",
      () => build(encodeSafetensors(tensors), { architecture: "efficientnet_b3" }),
      /tensor conv_stem\.weight has shape \[32,3,3,3\], expected \[40,3,3,3\]/,
    ],
    [
      "a truncated file",
      () => build(encodeSafetensors(tensors).subarray(0, 1_000_000)),
      /w\.safetensors: tensor .* lies at \d+ to \d+, outside the \d+ bytes of data/,
    ],
    [
      "an unknown architecture",
      () => build(encodeSafetensors(tensors), { architecture: "efficientnet-b0" }),
      /unknown architecture "efficientnet-b0"; the nearest known: efficientnet_b0,/,
    ],
  ])("has a line for %s", (_what, act, message) => {
    expect(act).toThrow(message);
    try {
      act();
    } catch (error) {
      expect(hasCode(error, "MODEL_INVALID")).toBe(true);
      expect((error as Error).message).not.toContain("\n");
    }
  });

  it("gives the same bytes for the same model, and halves them in half precision", () => {
    const bytes = encodeSafetensors(tensors);
    const whole = Buffer.concat(build(bytes));
    expect(whole.equals(Buffer.concat(build(bytes)))).toBe(true);
    const half = Buffer.concat(build(bytes, { precision: "fp16" }));
    expect(half.length / whole.length).toBeLessThan(0.53);
  });

  it("needs no classifier for embeddings", () => {
    const headless = encodeSafetensors(tensors.filter(({ name }) => !name.startsWith("classifier.")));
    expect(build(headless, { outputs: ["embedding"] }).length).toBeGreaterThan(0);
  });
});
