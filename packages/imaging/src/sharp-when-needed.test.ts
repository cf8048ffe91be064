import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { hasLibjpegTurbo } from "./libjpeg-turbo.js";

/** In a process of its own: whether sharp was loaded after a JPEG without EXIF, and after an image that only sharp can decode. */
const script = `
  import { readFileSync } from "node:fs";
  import { createRequire } from "node:module";
  const { decodeForModels } = await import(${JSON.stringify(import.meta.resolve("@labelfleet/imaging/decode"))});
  const isLoaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("/node_modules/sharp/"));
  const spec = { inputPx: 224, resizeShortSidePx: 256, interpolation: "bicubic" };
  const decode = (file) => decodeForModels(readFileSync(new URL(file)), [spec], { maxPixels: 50_000_000 });
  await decode(${JSON.stringify(new URL("../../../samples/astronaut.jpg", import.meta.url).href)});
  const afterJpeg = isLoaded();
  await decode(${JSON.stringify(new URL("../src/test-support/half-width-colours-draft-2.png", import.meta.url).href)});
  console.log(JSON.stringify({ afterJpeg, afterPng: isLoaded() }));`;

test.runIf(hasLibjpegTurbo)(
  "a JPEG without EXIF is decoded without sharp, which takes a tenth of a second to load",
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    expect(JSON.parse(stdout)).toEqual({ afterJpeg: false, afterPng: true });
  },
);
