import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { decodeForModels } from "@labelfleet/imaging/decode";
import { describe, expect, test } from "vitest";

type Case = readonly [name: string, widthPx: number, heightPx: number, exactSha256: string, smallerBase64: string];

const inputs = new URL("./data/inputs/", import.meta.url);
const data = readFileSync(new URL("./data/pillow-inputs.json", import.meta.url), "utf8");
const { cases } = JSON.parse(data) as { cases: readonly Case[] };
const exact = { inputPx: 48, resizeShortSidePx: 54, interpolation: "bicubic" } as const;
const smaller = { inputPx: 20, resizeShortSidePx: 24, interpolation: "bicubic" } as const;
const limits = { maxPixels: 50_000_000 };

/** Decoders of this format differ by their colour conversion. */
const inexact = ["sequence.avif"];

/** What is refused, and how it is named; Pillow reads some of it. */
const refused: Readonly<Record<string, string>> = {
  "minisblack-2.tif": "a TIFF with 2 bands of unspecified meaning",
  "minisblack-2-16.tif": "a TIFF with 2 bands of unspecified meaning",
  "minisblack-3.tif": "a TIFF with 3 bands of unspecified meaning",
  "minisblack-3-16.tif": "a TIFF with 3 bands of unspecified meaning",
  "minisblack-3-planar.tif": "a TIFF with 3 bands of unspecified meaning",
  "minisblack-4.tif": "a TIFF with 4 bands of unspecified meaning",
  "minisblack-4-16.tif": "a TIFF with 4 bands of unspecified meaning",
  "minisblack-5.tif": "a TIFF with 5 bands of unspecified meaning",
  "minisblack-5-16.tif": "a TIFF with 5 bands of unspecified meaning",
  "minisblack-8.tif": "a TIFF with 8 bands of unspecified meaning",
  "minisblack-8-16.tif": "a TIFF with 8 bands of unspecified meaning",
  "tiled-planar.tif": "a TIFF with tiles of separate planes",
  "zstd.tif": "a TIFF with ZSTD compression",
  "lzma.tif": "a TIFF with LZMA compression",
  "lerc.tif": "a TIFF with LERC compression",
  "jpeg2000.tif": "a TIFF with JPEG 2000 compression",
  "jpegxl.tif": "a TIFF with JPEG XL compression",
  "old-style-jpeg.tif": "a TIFF with old-style JPEG compression",
  "rgb-float32.tif": "a TIFF with samples of 32-bit floating point",
  "rgb-float64.tif": "a TIFF with samples of 64-bit floating point",
  "grey-float32.tif": "a TIFF with samples of 32-bit floating point",
  "grey-int16.tif": "a TIFF with signed samples of 16 bits",
  "grey-uint32.tif": "a TIFF with samples of 32 bits",
  "complex.tif": "a TIFF with complex samples",
  "ycbcr-raw.tif": "a TIFF with YCbCr colours without JPEG compression",
  "lab.tif": "a TIFF with CIE L*a*b* colours",
};

function read(name: string): Buffer {
  return readFileSync(new URL(name, inputs));
}

test("each input is either read or refused", () => {
  const known = [...Object.keys(refused), ...cases.map(([name]) => name)];
  expect(new Set(known)).toEqual(new Set(readdirSync(inputs)));
});

describe.each(cases.filter(([name]) => refused[name] === undefined))("%s", (...golden) => {
  const [name, widthPx, heightPx, exactSha256, smallerBase64] = golden;

  test.skipIf(inexact.includes(name))("has the pixels that Pillow gives", async () => {
    const decoded = await decodeForModels(read(name), [exact], limits);
    expect(decoded).toMatchObject({ widthPx, heightPx });
    expect(createHash("sha256").update(decoded.pixels[0]!).digest("hex")).toBe(exactSha256);
  });

  test.each([1, 2])("comes near to them at less than half of its size, for %i models", async (models) => {
    const { pixels } = await decodeForModels(read(name), Array(models).fill(smaller), limits);
    const wanted = Buffer.from(smallerBase64, "base64");
    const differences = pixels[0]!.map((value, i) => Math.abs(value - wanted[i]!));
    expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(3);
  });
});

test.each(Object.entries(refused))("%s is refused by its name", async (name, what) => {
  const message = `the image is ${what}, which is not supported`;
  await expect(decodeForModels(read(name), [exact], limits)).rejects.toMatchObject({
    code: "IMAGE_UNSUPPORTED",
    message,
  });
});
