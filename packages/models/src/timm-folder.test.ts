import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { hasCode } from "@labelfleet/shared/errors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildOnnx } from "./build-onnx.js";
import { loadModelFolder, modelDocument, modelFiles } from "./model-folder.js";
import { resolveModel } from "./registry.js";
import { madeUpWeights } from "./test-support/made-up-weights.js";

const config = {
  architecture: "test_efficientnet",
  num_classes: 2,
  label_names: ["cat", "dog"],
  model_args: { act_layer: "relu" },
  pretrained_cfg: {
    ...{ input_size: [3, 64, 64], crop_pct: 0.9, interpolation: "bicubic", tag: "mine", license: "mit" },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], first_conv: "conv_stem", classifier: "classifier" },
  },
};
const weights = madeUpWeights("test_efficientnet", 2);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "labelfleet-Timm-"));
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a folder in timm's form", () => {
  it("is a model with the arguments of its configuration, and is not written to", async () => {
    await writeFile(join(folder, "model.safetensors"), weights);
    const model = await resolveModel(folder);
    expect(model.card).toMatchObject({
      ...{ architecture: "test_efficientnet", modelArgs: { act_layer: "relu" }, inputPx: 64, numClasses: 2 },
      ...{ id: basename(folder).toLowerCase(), activation: "softmax", license: "mit" },
    });
    expect(model.labels).toEqual([{ label: "cat" }, { label: "dog" }]);
    expect((await buildOnnx(model, { outputs: ["probabilities"], precision: "fp32" })).length).toBeGreaterThan(0);
    expect((await readdir(folder)).sort()).toEqual(["config.json", "model.safetensors"]);
  });

  it("is the same model when its documents are written out, as a run does for its workers", async () => {
    await writeFile(join(folder, "model.safetensors"), weights);
    const model = await resolveModel(folder);
    const [card, labels] = modelFiles(model) as [string, string];
    for (const file of [card, labels]) await writeFile(join(folder, file), modelDocument(model, file));
    expect((await loadModelFolder(folder)).sha256).toBe(model.sha256);
  });

  it.each<[string, string, string | Uint8Array, RegExp]>([
    [
      "a checkpoint only",
      "pytorch_model.bin",
      "PK\x03\x04",
      /only pytorch_model\.bin: convert it .*python3 -c ".*weights_only=True/,
    ],
    ["a .pth only", "best.pth.tar", "\x80\x02", /only best\.pth\.tar: convert it/],
    [
      "shards",
      "model.safetensors.index.json",
      "{}",
      /its weights are in several files: merge them in one folder .*python3 -c/,
    ],
    ["nothing", "README.md", "", /no model\.safetensors beside config\.json/],
    ["a git-lfs pointer", "model.safetensors", "version https://git-lfs.github.com/spec/v1\noid", /a git-lfs pointer/],
    ["a web page", "model.safetensors", "<!DOCTYPE html><html>", /a web page, not the file/],
  ])("with %s says what to do", async (_what, file, bytes, message) => {
    await writeFile(join(folder, file), bytes);
    await expect(resolveModel(folder)).rejects.toThrow(message);
    await expect(resolveModel(folder)).rejects.toSatisfy((error) => hasCode(error, "MODEL_INVALID"));
  });
});
