import { describe, expect, it } from "vitest";
import { multiplyAdds, parameterCount, stageCosts, totalCost } from "./cost.js";
import { variantOf } from "./variants.js";

describe("the cost of a network", () => {
  it("is within 5 % of the paper's multiply-adds and has its parameters (table 2 of arXiv 1905.11946)", () => {
    const paper = [
      [0.39, 5.3],
      [0.7, 7.8],
      [1.0, 9.2],
      [1.8, 12],
      [4.2, 19],
      [9.9, 30],
      [19, 43],
      [37, 66],
    ] as const;
    for (const [phi, [billions, parametersM]] of paper.entries()) {
      const name = `efficientnet_b${phi}`;
      expect(Math.abs(multiplyAdds(name, variantOf(name).inputPx) / 1e9 / billions - 1)).toBeLessThan(0.05);
      expect(Math.abs(parameterCount(name) / 1e6 / parametersM - 1)).toBeLessThan(0.03);
    }
  });

  it("is what V2's authors published (table 7 of arXiv 2104.00298; billions at the input px of evaluation)", () => {
    for (const [name, billions, parametersM] of [
      ["tf_efficientnetv2_s", 8.8, 22],
      ["tf_efficientnetv2_m", 24, 54],
      ["tf_efficientnetv2_l", 53, 120],
    ] as const) {
      expect(Math.abs(multiplyAdds(name, variantOf(name).inputPx) / 1e9 / billions - 1)).toBeLessThan(0.08);
      expect(Math.abs(parameterCount(name) / 1e6 / parametersM - 1)).toBeLessThan(0.03);
    }
  });

  it("is what was published for Lite: parameters in millions, multiply-adds in millions", () => {
    for (const [name, inputPx, parametersM, multiplyAddsM] of [
      ["tf_efficientnet_lite0", 224, 4.7, 407],
      ["tf_efficientnet_lite1", 240, 5.4, 631],
      ["tf_efficientnet_lite2", 260, 6.1, 899],
      ["tf_efficientnet_lite3", 280, 8.2, 1440],
      ["tf_efficientnet_lite4", 300, 13.0, 2640],
    ] as const) {
      expect(parameterCount(name) / 1e6).toBeCloseTo(parametersM, 1);
      // They count batch norms and activations as well: up to 6 % more.
      const share = multiplyAdds(name, inputPx) / 1e6 / multiplyAddsM;
      expect(share).toBeGreaterThan(0.92);
      expect(share).toBeLessThan(1);
    }
  });

  it("comes stage by stage, with the paper's resolutions", () => {
    const rows = stageCosts("efficientnet_b0", 224);
    expect(
      rows.map(({ operator, resolutionPx, channels, layers }) => [operator, resolutionPx, channels, layers]),
    ).toEqual([
      ["Conv3x3", 224, 32, 1],
      ["MBConv1, 3x3", 112, 16, 1],
      ["MBConv6, 3x3", 112, 24, 2],
      ["MBConv6, 5x5", 56, 40, 2],
      ["MBConv6, 3x3", 28, 80, 3],
      ["MBConv6, 5x5", 14, 112, 3],
      ["MBConv6, 5x5", 14, 192, 4],
      ["MBConv6, 3x3", 7, 320, 1],
      ["Conv1x1", 7, 1280, 1],
      ["Pool, FC", 7, 1000, 1],
    ]);
    expect(rows.reduce((sum, row) => sum + row.parameters, 0)).toBe(5_288_548);
  });

  it("needs the most activations where 96 channels of 112 px meet their 56 px half", () => {
    expect(totalCost("efficientnet_b0", 224).peakActivations).toBe(96 * 112 * 112 + 96 * 56 * 56);
  });
});
