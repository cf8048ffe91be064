import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeMemoryBytes } from "./decode-memory.js";
import { sharp } from "./sharp-setup.js";

const photo = readFileSync(new URL("../../../samples/china-temple.jpg", import.meta.url));
const [width, height] = [640, 448];
const limits = { shortSidePx: 224, maxPixels: width * height };
const opaque = () => sharp(photo).resize(width, height, { fit: "fill" });
const transparent = () => opaque().ensureAlpha(0.5);
const turned = () => opaque().withMetadata({ orientation: 6 });

test.each([
  ["a JPEG, of which a few rows are there at once", () => opaque().jpeg(), 0],
  ["a JPEG that is to be turned", () => turned().jpeg(), 3 / 4],
  ["a progressive JPEG, whose coefficients are all there", () => opaque().jpeg({ progressive: true }), 3],
  ["one with all its colours", () => opaque().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }), 6],
  ["a PNG", () => opaque().png(), 0],
  ["a PNG with alpha", () => transparent().png(), 3],
  ["an interlaced PNG", () => opaque().png({ progressive: true }), 4.5],
  ["one of 16 bits", () => opaque().toColourspace("rgb16").png({ progressive: true }), 9],
  ["a WebP", () => opaque().webp(), 9],
  ["a lossless WebP", () => opaque().webp({ lossless: true }), 9],
  ["a WebP with alpha", () => transparent().webp(), 12],
  ["a lossless one", () => transparent().webp({ lossless: true }), 12],
  ["a GIF", () => opaque().gif(), 9],
  ["an AVIF", () => opaque().avif({ effort: 0 }), 20],
  ["a TIFF in strips", () => opaque().tiff({ compression: "deflate" }), 0],
  ["a TIFF in tiles", () => opaque().tiff({ compression: "deflate", tile: true }), 0],
  ["a TIFF that is to be turned", () => turned().tiff({ compression: "deflate" }), 3],
])("%s takes so many bytes a pixel", async (_, make, bytesPerPixel) => {
  const bytes = await make().toBuffer();
  expect(decodeMemoryBytes(bytes, limits)).toBe(width * height * bytesPerPixel);
});

test("what has more pixels than are decoded takes none", async () => {
  for (const format of ["webp", "gif", "avif"] as const) {
    const bytes = await opaque().toFormat(format, { effort: 1 }).toBuffer();
    expect(decodeMemoryBytes(bytes, { ...limits, maxPixels: width * height - 1 }), format).toBe(0);
  }
});

test("what is cut off, or no image, takes none", async () => {
  const whole = await opaque().webp().toBuffer();
  for (const bytes of [
    whole.subarray(0, 25),
    Buffer.from("GIF89a"),
    Buffer.from("\xff\xd8\xff", "latin1"),
    Buffer.alloc(9),
  ]) {
    expect(decodeMemoryBytes(bytes, limits)).toBe(0);
  }
});
