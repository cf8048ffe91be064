import { describe, expect, it } from "vitest";
import { multiplyAdds, parameterCount } from "./cost.js";
import { networkOf } from "./network.js";
import { architectureNames } from "./variants.js";

describe("networkOf", () => {
  it("keeps the first and last stage of a deeper Lite at one block, and its stem and head as wide as Lite0's", () => {
    const { blocks, stem, head } = networkOf("tf_efficientnet_lite4");
    const blocksOf = (stage: number) => blocks.filter((block) => block.steps[0]?.conv.startsWith(`blocks.${stage}.`));
    expect([0, 1, 2, 3, 4, 5, 6].map((stage) => blocksOf(stage).length)).toEqual([1, 4, 4, 6, 6, 8, 1]);
    expect([stem.outChannels, head.outChannels]).toEqual([32, 1280]);
  });

  it("adds a block's input only where neither width nor resolution changes", () => {
    for (const { residual, steps } of networkOf("tf_efficientnet_lite0").blocks) {
      const first = steps[0]!;
      const last = steps[steps.length - 1]!;
      const keepsShape = first.inChannels === last.outChannels && steps.every((step) => step.stride === 1);
      expect(residual).toBe(keepsShape);
      expect(last.activation).toBe("none");
    }
  });

  it("names the nearest architectures when there is none of that name", () => {
    expect(() => networkOf("efficientnet_lite0")).toThrow(/nearest known: tf_efficientnet_lite0,/);
  });
});

describe("the cost of a network", () => {
  it("is what the paper's authors published for Lite: parameters in millions, multiply-adds in millions", () => {
    const published = [
      ["tf_efficientnet_lite0", 224, 4.7, 407],
      ["tf_efficientnet_lite1", 240, 5.4, 631],
      ["tf_efficientnet_lite2", 260, 6.1, 899],
      ["tf_efficientnet_lite3", 280, 8.2, 1440],
      ["tf_efficientnet_lite4", 300, 13.0, 2640],
    ] as const;
    expect(published.map(([name]) => name)).toEqual(architectureNames);
    for (const [name, inputPx, parametersM, multiplyAddsM] of published) {
      expect(parameterCount(name) / 1e6).toBeCloseTo(parametersM, 1);
      // They count batch norms and activations as well: up to 6 % more.
      const share = multiplyAdds(name, inputPx) / 1e6 / multiplyAddsM;
      expect(share).toBeGreaterThan(0.92);
      expect(share).toBeLessThan(1);
    }
  });
});
