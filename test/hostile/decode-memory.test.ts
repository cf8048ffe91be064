import { join } from "node:path";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig, smallPhotos } from "../e2e/rig.js";

/** 24 megapixels, of which a decoder holds 20 bytes each. */
const [width, height] = [6_000, 4_000];
const decoderBytes = width * height * 20;
/** A worker, and what is in flight beside. */
const workerBytes = 500e6;

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

test("large images are decoded one after the other where together they would not fit", {
  timeout: 240_000,
}, async () => {
  const photos = await smallPhotos(6);
  const bytes = await sharp(photos[0]!.bytes).resize(width, height, { fit: "fill" }).avif({ effort: 0 }).toBuffer();
  const large = Array.from({ length: 6 }, (_, i) => ({ name: `large-${i}.avif`, bytes }));
  const input = await rig.folder("large", [...photos, ...large]);
  const words = ["run", input, "--out", join(rig.dir, "labels"), "--json", "--decode-timeout", "60000"];
  const result = await rig.cli.run(words, { LABELFLEET_DECODE_SLOTS: "6", LABELFLEET_IN_FLIGHT_MIB: "256" }, 200_000);
  expect(result.exitCode, result.stderr).toBe(0);
  const report = JSON.parse(result.stdout) as RunReport;
  expect(report).toMatchObject({ complete: true, images: 12, ok: 12 });
  expect(report.workers[0]!.peakRssBytes).toBeLessThan(workerBytes + 1.5 * decoderBytes);
});
