import { describe, expect, it } from "vitest";
import { parseTimmConfig } from "./timm-config.js";

/** As timm's `push_to_hf_hub` writes it. */
const config = {
  architecture: "tf_efficientnetv2_m",
  num_classes: 1000,
  num_features: 1280,
  pretrained_cfg: {
    ...{
      tag: "in1k",
      custom_load: false,
      input_size: [3, 384, 384],
      test_input_size: [3, 480, 480],
      fixed_input_size: false,
    },
    ...{ interpolation: "bicubic", crop_pct: 1.0, crop_mode: "squash", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    ...{
      num_classes: 1000,
      pool_size: [12, 12],
      first_conv: "conv_stem",
      classifier: "classifier",
      license: "apache-2.0",
    },
  },
};
const parse = (document: object) => parseTimmConfig(JSON.stringify(document), "config.json");

describe("parseTimmConfig", () => {
  it("takes the size that the weights were evaluated at, and its crop", () => {
    expect(parse(config).card).toMatchObject({ inputPx: 480, cropPct: 1, cropMode: "squash", license: "apache-2.0" });
    const b3 = {
      ...config.pretrained_cfg,
      ...{
        input_size: [3, 288, 288],
        test_input_size: [3, 320, 320],
        crop_pct: 0.875,
        test_crop_pct: 1.0,
        crop_mode: "center",
      },
    };
    const { card, labels } = parse({ ...config, architecture: "efficientnet_b3", pretrained_cfg: b3 });
    expect(card).toMatchObject({ inputPx: 320, cropPct: 1 });
    expect(card.cropMode).toBeUndefined();
    expect(labels).toBeNull();
    const { test_input_size: _, ...plain } = b3;
    expect(parse({ ...config, pretrained_cfg: plain }).card).toMatchObject({ inputPx: 288, cropPct: 0.875 });
  });

  it("reads configurations of the flat form too", () => {
    const { pretrained_cfg, ...rest } = config;
    expect(parse({ ...rest, ...pretrained_cfg }).card.inputPx).toBe(480);
  });

  it.each([
    [
      "an unknown architecture, with the nearest",
      { ...config, architecture: "efficientnet_b9" },
      /nearest known: efficientnet_b0/,
    ],
    ["other channels", { ...config, model_args: { in_chans: 1 } }, /in_chans/],
    ["no pretrained_cfg", { architecture: "efficientnet_b0" }, /input_size/],
    ["a mean of one number", { ...config, pretrained_cfg: { ...config.pretrained_cfg, mean: [0.5] } }, /mean/],
    [
      "another interpolation",
      { ...config, pretrained_cfg: { ...config.pretrained_cfg, interpolation: "lanczos" } },
      /"lanczos"/,
    ],
    ["a border crop", { ...config, pretrained_cfg: { ...config.pretrained_cfg, crop_mode: "border" } }, /"border"/],
    [
      "an oblong input",
      { ...config, pretrained_cfg: { ...config.pretrained_cfg, test_input_size: [3, 2, 4] } },
      /2 x 4/,
    ],
  ])("refuses %s", (_what, document, message) => {
    expect(() => parse(document)).toThrow(message);
  });

  it("refuses what is not JSON", () => {
    expect(() => parseTimmConfig("<html>", "config.json")).toThrow("config.json: not JSON");
  });
});
