import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeForModels } from "@labelfleet/imaging/decode";
import sharp from "sharp";
import { expect, test } from "vitest";

type Case = readonly [
  photo: string,
  inputPx: number,
  resizeShortSidePx: number,
  interpolation: "bicubic" | "bilinear",
  sha256: string,
];

const data = readFileSync(new URL("./data/pillow-pixels.json", import.meta.url), "utf8");
const { cases } = JSON.parse(data) as { cases: readonly Case[] };

test("there are photos that are made smaller, and larger", async () => {
  const ratios = await Promise.all(
    cases.map(async ([photo, , resizeShortSidePx]) => {
      const { width, height } = await sharp(photoFile(photo)).metadata();
      return Math.min(width, height) / resizeShortSidePx;
    }),
  );
  expect(ratios.filter((ratio) => ratio > 1.2).length).toBeGreaterThan(10);
  expect(ratios.filter((ratio) => ratio < 0.8).length).toBeGreaterThan(10);
});

test.each(cases)("%s at %i px of %i, %s, has the pixels that Pillow gives", async (...golden) => {
  const [photo, inputPx, resizeShortSidePx, interpolation, sha256] = golden;
  const spec = { inputPx, resizeShortSidePx, interpolation };
  const { pixels } = await decodeForModels(readFileSync(photoFile(photo)), [spec], { maxPixels: 50_000_000 });
  expect(createHash("sha256").update(pixels[0]!).digest("hex")).toBe(sha256);
});

function photoFile(photo: string): string {
  return fileURLToPath(new URL(`../../samples/${photo}`, import.meta.url));
}
