import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { decodeForModels } from "@labelfleet/imaging/decode";
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

test("there are photos that are made smaller, and larger", () => {
  expect(cases.length).toBeGreaterThan(40);
});

test.each(cases)("%s at %i px of %i, %s, has the pixels that Pillow gives", async (...golden) => {
  const [photo, inputPx, resizeShortSidePx, interpolation, sha256] = golden;
  const bytes = readFileSync(new URL(`../../samples/${photo}`, import.meta.url));
  const spec = { inputPx, resizeShortSidePx, interpolation };
  const { pixels } = await decodeForModels(bytes, [spec], { maxPixels: 50_000_000 });
  expect(createHash("sha256").update(pixels[0]!).digest("hex")).toBe(sha256);
});
