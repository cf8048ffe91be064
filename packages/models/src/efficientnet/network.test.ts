import { describe, expect, it } from "vitest";
import { networkOf } from "./network.js";
import { architectureNames } from "./variants.js";

const layersOf = (architecture: string) => networkOf(architecture).stages.map(({ blocks }) => blocks.length);
const channelsOf = (architecture: string) => networkOf(architecture).stages.map(({ outChannels }) => outChannels);

describe("networkOf", () => {
  it("scales B0 to B6 and B7 as their authors did", () => {
    expect(layersOf("efficientnet_b0")).toEqual([1, 2, 2, 3, 3, 4, 1]);
    expect(channelsOf("efficientnet_b0")).toEqual([16, 24, 40, 80, 112, 192, 320]);
    expect(layersOf("efficientnet_b6")).toEqual([3, 6, 6, 8, 8, 11, 3]);
    expect(channelsOf("efficientnet_b6")).toEqual([32, 40, 72, 144, 200, 344, 576]);
    expect(layersOf("tf_efficientnet_b7")).toEqual([4, 7, 7, 10, 10, 13, 4]);
    expect(channelsOf("tf_efficientnet_b7")).toEqual([32, 48, 80, 160, 224, 384, 640]);
    const { stem, head } = networkOf("efficientnet_b6");
    expect([stem.outChannels, head.outChannels]).toEqual([56, 2304]);
  });

  it("keeps the first and last stage of a deeper Lite at one block, and its stem and head as wide as Lite0's", () => {
    expect(layersOf("tf_efficientnet_lite4")).toEqual([1, 4, 4, 6, 6, 8, 1]);
    const { stem, head } = networkOf("tf_efficientnet_lite4");
    expect([stem.outChannels, head.outChannels]).toEqual([32, 1280]);
  });

  it("rounds V2's widths without the 90 % rule: B3's first stage has 16 channels", () => {
    expect(channelsOf("tf_efficientnetv2_b3")).toEqual([16, 40, 56, 112, 136, 232]);
    expect(layersOf("tf_efficientnetv2_b3")).toEqual([2, 3, 3, 5, 7, 12]);
  });

  it.each(architectureNames)("%s adds a block's input only where neither width nor resolution changes", (name) => {
    const stages = networkOf(name).stages.filter(({ stage }) => stage.noShortcut !== true);
    for (const { residual, steps } of stages.flatMap(({ blocks }) => blocks)) {
      const convs = steps.flatMap((step) => (step.kind === "conv" ? [step] : []));
      const keepsShape = convs[0]!.inChannels === convs.at(-1)!.outChannels && convs.every((conv) => conv.stride === 1);
      expect(residual).toBe(keepsShape);
      if (convs.length > 1) expect(convs.at(-1)!.activation).toBe("none");
    }
  });

  it("squeezes to a quarter of the block's input channels, not of its hidden ones", () => {
    const squeezed = networkOf("efficientnet_b0").stages.flatMap(({ blocks }) =>
      blocks.flatMap(({ steps }) => steps.flatMap((step) => (step.kind === "conv" ? [] : [step.squeezedChannels]))),
    );
    expect(squeezed).toEqual([8, 4, 6, 6, 10, 10, 20, 20, 20, 28, 28, 28, 48, 48, 48, 48]);
    const lite = networkOf("tf_efficientnet_lite0").stages.flatMap(({ blocks }) => blocks);
    expect(lite.every(({ steps }) => steps.every((step) => step.kind === "conv"))).toBe(true);
  });

  it("raises drop-connect linearly over all blocks", () => {
    const rates = networkOf("efficientnet_b0").stages.flatMap(({ dropConnect }) => dropConnect);
    expect(rates).toHaveLength(16);
    for (const [index, rate] of rates.entries()) expect(rate).toBeCloseTo((0.2 * index) / 16, 12);
  });

  it("names the nearest architectures when there is none of that name", () => {
    expect(() => networkOf("efficientnet-lite0")).toThrow(/nearest known: .*tf_efficientnet_lite0/);
    expect(() => networkOf("efficientnetv2_b0")).toThrow(/nearest known: tf_efficientnetv2_b0/);
  });

  it("takes timm's tags and old names of trainings, which change nothing of the network", () => {
    const b4 = networkOf("tf_efficientnet_b4");
    for (const name of ["tf_efficientnet_b4.ns_jft_in1k", "tf_efficientnet_b4_ns", "tf_efficientnet_b4_ap"]) {
      expect(networkOf(name)).toEqual(b4);
    }
    expect(networkOf("efficientnet_b2a")).toEqual(networkOf("efficientnet_b2"));
  });

  it.each([
    ["efficientnet_b0_gn", /group norm/],
    ["efficientnet_b3_g8_gn", /group norm/],
    ["efficientnet_b1_pruned", /channels cut out/],
    ["tf_efficientnet_cc_b0_4e", /conditional convolutions/],
    ["tf_mixnet_l", /kernels of several sizes/],
    ["mixnet_s.ft_in1k", /kernels of several sizes/],
    ["efficientnet_x_b3", /space-to-depth/],
    ["efficientnet_blur_b0", /blur pooling/],
    ["gc_efficientnetv2_rw_t", /global-context attention/],
    ["resnet50", /labelfleet builds EfficientNets/],
    ["resnet50.a1_in1k", /labelfleet builds EfficientNets/],
    ["vit_base_patch16_224", /labelfleet builds EfficientNets/],
    ["", /labelfleet builds EfficientNets/],
  ])("refuses %s with what it is, and names no neighbour that is another network", (name, what) => {
    expect(() => networkOf(name)).toThrow(what);
    expect(() => networkOf(name)).not.toThrow(/nearest/);
  });
});
