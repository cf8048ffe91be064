import { expect, it } from "vitest";
import { refuseOtherFormats } from "./other-formats.js";
import { Safetensors } from "./safetensors.js";
import { encodeSafetensors } from "./safetensors-writer.js";

it.each<[string, string, RegExp]>([
  ["a git-lfs pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0", /git-lfs pointer.*git lfs pull/],
  [
    "a zip checkpoint",
    "PK\x03\x04....",
    /PyTorch checkpoint \(a zip file\): convert it once with python3 -c ".*'w\.pth'/,
  ],
  ["a pickle", "\x80\x02\x8a\x0al\xfc", /pickled PyTorch checkpoint: convert it once/],
  ["Keras weights", "\x89HDF\r\n\x1a\n", /Keras file/],
  ["a web page", "\n<!doctype HTML>", /web page, not the file/],
  ["an error in XML", '<?xml version="1.0"?><Error>', /web page, not the file/],
  ["gzip", "\x1f\x8b\x08\x00abcdefghij", /compressed with gzip/],
  ["TensorFlow Lite", "\x1c\0\0\0TFL3....", /TensorFlow Lite/],
  ["an index of shards", '{"metadata": {}, "weight_map": {}}', /index of several weights files: merge them/],
  ["an ONNX file", "\x08\x08\x12\x07pytorch:", /an ONNX file: leave architecture out of model\.json/],
  ["nothing", "", /the file is empty/],
])("names %s in place of weights, and what to do", (_what, bytes, message) => {
  expect(() => new Safetensors(Buffer.from(bytes, "latin1"), "w.pth")).toThrow(message);
});

it("takes no safetensors file for another format, whatever the first bytes of its length are", () => {
  for (const headerBytes of [0x0280, 0x0380, 0x0480, 0x0580, 0x4b50]) {
    const bytes = Buffer.alloc(64, " ");
    bytes.writeBigUInt64LE(BigInt(headerBytes));
    bytes.write("{", 8);
    expect(() => refuseOtherFormats(bytes, "w", "safetensors")).not.toThrow();
  }
});

it("names the prefix that a training wrapper put before each name", () => {
  const tensors = [{ name: "module.conv_stem.weight", shape: [1], values: Float32Array.of(1) }];
  const weights = new Safetensors(encodeSafetensors(tensors), "w");
  expect(() => weights.read("conv_stem.weight", [1])).toThrow(
    /conv_stem\.weight is missing, but there is module\.conv_stem\.weight: .* prefix module\. taken off/,
  );
  expect(() => weights.read("bn1.weight", [1])).toThrow(/bn1\.weight is missing$/);
});
