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

  it("keeps the arguments that change the network, and leaves out those of training and the defaults", () => {
    const model_args = {
      act_layer: "ReLU",
      bn_eps: 1e-3,
      pad_type: "same",
      global_pool: "avgmax",
      drop_path_rate: 0.2,
    };
    const { card } = parse({ ...config, model_args: { ...model_args, in_chans: 3, output_stride: 32 } });
    expect(card.modelArgs).toEqual({ act_layer: "relu", bn_eps: 1e-3, pad_type: "same", global_pool: "avgmax" });
    expect(parse({ ...config, model_args: { drop_rate: 0.1 } }).card).not.toHaveProperty("modelArgs");
    expect(parse({ ...config, global_pool: "max", model_args: { global_pool: "max" } }).card.modelArgs).toEqual({
      global_pool: "max",
    });
  });

  it("gives a single output a sigmoid, since a softmax over one class always says 1", () => {
    expect(parse({ ...config, num_classes: 1 }).card).toMatchObject({ numClasses: 1, activation: "sigmoid" });
    expect(parse({ ...config, num_classes: 2 }).card).toMatchObject({ numClasses: 2, activation: "softmax" });
    const { num_classes: _, ...rest } = config;
    expect(parse({ ...rest, pretrained_cfg: { ...config.pretrained_cfg, num_classes: 1 } }).card.activation).toBe(
      "sigmoid",
    );
  });

  it("takes an old name of a training for its architecture", () => {
    expect(parse({ ...config, architecture: "tf_efficientnetv2_m_in21ft1k" }).card.architecture).toBe(
      "tf_efficientnetv2_m",
    );
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
    ...(
      [
        ["output_stride", 16],
        ["act_layer", "gelu"],
        ["act_layer", null],
        ["act_layer", ""],
        ["pad_type", "valid"],
        ["bn_eps", null],
        ["bn_eps", 0],
        ["global_pool", "catavgmax"],
        ["global_pool", ""],
        ["aa_layer", "blurpc"],
        ["se_layer", "eca"],
        ["norm_layer", "groupnorm"],
        ["features_only", true],
        ["group_size", 8],
        ["img_size", 300],
        ["toString", 1],
      ] as const
    ).map(([name, value]): [string, object, RegExp] => [
      `model_args.${name} ${JSON.stringify(value)}, by its name`,
      { ...config, model_args: { drop_rate: 0.2, [name]: value } },
      new RegExp(`model_args\\.${name} .* is not supported`),
    ]),
    ["contradicting class counts", { ...config, model_args: { num_classes: 7 } }, /num_classes 7 contradicts/],
    ["pooling that timm itself would not honour", { ...config, global_pool: "max" }, /global_pool "max" is stated/],
    [
      "another stem",
      { ...config, pretrained_cfg: { ...config.pretrained_cfg, first_conv: "stem" } },
      /first_conv "stem" is not supported/,
    ],
    [
      "a mean of 0 to 255",
      { ...config, pretrained_cfg: { ...config.pretrained_cfg, mean: [123.675, 116.28, 103.53] } },
      /mean 123\.675,116\.28,103\.53 is on a scale of 0 to 255.* which is mean 0\.485,0\.456,0\.406$/,
    ],
    [
      "a configuration of transformers",
      { model_type: "efficientnet", architectures: ["EfficientNetForImageClassification"] },
      /configuration of transformers \(model_type "efficientnet"\)/,
    ],
    ["no pretrained_cfg", { architecture: "efficientnet_b0" }, /input_size/],
    ["a mean of one number", { ...config, pretrained_cfg: { ...config.pretrained_cfg, mean: [0.5] } }, /mean/],
    [
      "another interpolation",
      { ...config, pretrained_cfg: { ...config.pretrained_cfg, interpolation: "lanczos" } },
      /"lanczos"/,
    ],
    [
      "a crop larger than the image",
      { ...config, pretrained_cfg: { ...config.pretrained_cfg, crop_pct: 1.14 } },
      /crop_pct: a crop larger than the image is not supported/,
    ],
    ["a std of zero", { ...config, pretrained_cfg: { ...config.pretrained_cfg, std: [0, 1, 1] } }, /std\.0/],
    ["no classes", { ...config, num_classes: 0 }, /num_classes/],
    ["classes without end", { ...config, model_args: { num_classes: 2e9 } }, /model_args\.num_classes is no number/],
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
