import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { noneSkipped } from "@labelfleet/shared/contract/skipped";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { brokenFiles, type Photo, samplePhotos } from "../support/photos.js";
import { Rig, smallPhotos } from "./rig.js";

let rig: Rig;
let photos: Photo[];
let input: string;

beforeAll(async () => {
  rig = await Rig.start();
  photos = await smallPhotos(24);
  input = await rig.folder("input", [
    ...photos.map((photo, i) => ({ ...photo, name: i < 12 ? `a/${photo.name}` : `b/${photo.name}` })),
    { name: "a/notes.txt", bytes: Buffer.from("not to be labelled\n") },
  ]);
});

/** Of the input, in the order of a listing. */
function allKeys(): string[] {
  return photos.map(({ name }, i) => `${i < 12 ? "a" : "b"}/${name}`).sort();
}

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

test("run labels a folder: one JSON document on stdout, a complete run in the folder", async () => {
  const out = join(rig.dir, "labels");
  const result = await rig.succeed(["run", input, "--out", out, "--json"]);
  const report = JSON.parse(result.stdout) as RunReport;
  expect(report).toMatchObject({ images: 24, ok: 24, failed: 0, complete: true, failedByCode: {} });
  expect(report.skipped).toEqual({ ...noneSkipped(), filtered: 1, filteredByExtension: { ".txt": 1 } });
  expect(report.imagesPerSecond).toBeGreaterThan(0);
  expect(report.wallSeconds).toBeGreaterThan(0);
  // Steady state needs ten seconds of it.
  expect(report.steadyImagesPerSecond).toBeNull();
  expect(result.stderr).not.toContain(" at ");

  const names = await rig.names(report.run);
  expect(names).toEqual(expect.arrayContaining(["run.json", "report.json", "_SUCCESS", "manifest/r000.done"]));
  expect(JSON.parse((await rig.read(report.run, "report.json")).toString())).toEqual(report);
  const success = await stat(new URL("_SUCCESS", report.run));
  for (const name of names.filter((name) => !name.startsWith("stats/"))) {
    const { mtimeMs } = await stat(new URL(name, report.run));
    expect(mtimeMs, `${name} was written after _SUCCESS`).toBeLessThanOrEqual(success.mtimeMs);
  }

  const records = await rig.records(report.run);
  expect([...records.keys()]).toEqual(allKeys());
  for (const [key, record] of records) {
    const { size, mtimeNs } = await stat(join(input, key), { bigint: true });
    expect(record).toMatchObject({
      etag: `${size}-${mtimeNs}`,
      sizeBytes: Number(size),
      width: 240,
      height: 180,
      modelId: "efficientnet-lite0",
      status: "ok",
      errorCode: null,
      errorMessage: null,
      retryable: null,
      pass: 0,
    });
    const probabilities = record.top!.map(({ probability }) => probability);
    expect(probabilities).toHaveLength(5);
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    expect(probabilities.reduce((sum, probability) => sum + probability, 0)).toBeLessThanOrEqual(1.00001);
  }
});

test("without --json the report is for people, and ends with the run's address", async () => {
  const { stdout } = await rig.succeed(["run", input, "--out", join(rig.dir, "labels"), "--limit", "4"]);
  expect(stdout).toContain("Complete: 4 images, 4 ok, 0 failed");
  const [, run] = /^Run: (file:\/\/\/.*\/labels\/\d{8}t\d{6}z-[0-9a-z]{6}\/)$/m.exec(stdout) ?? [];
  expect([...(await rig.records(run!)).keys()]).toEqual(allKeys().slice(0, 4));
});

test("a bad image is a failed record with its code, and the run is complete", async () => {
  const broken = await brokenFiles();
  const folder = await rig.folder("broken", [...photos.slice(0, 20), ...broken]);
  const report = await rig.json(["run", folder, "--out", join(rig.dir, "labels"), "--max-failed", "50%"]);
  const records = await rig.records(report.run);
  expect(records.size).toBe(20 + broken.length);
  for (const { name, expectedCode } of broken) {
    const record = records.get(name)!;
    // Flipped bits in the compressed data may leave a readable picture.
    if (expectedCode === null) continue;
    expect(record, name).toMatchObject({ status: "failed", errorCode: expectedCode, retryable: false, top: null });
    expect(record.errorMessage).not.toMatch(/[\r\n]/);
  }
  const failed = [...records.values()].filter((record) => record.status === "failed");
  expect(report).toMatchObject({ images: 25, failed: failed.length, ok: 25 - failed.length });
  expect(report.failedByCode).toMatchObject({ IMAGE_EMPTY: 1, IMAGE_UNSUPPORTED: 1 });
});

test("width and height are those after EXIF orientation, and labels are those of the upright picture", async () => {
  const [, , , , cat] = await samplePhotos();
  expect(cat!.name).toBe("cat-chelsea.jpg");
  const upright = await sharp(cat!.bytes).resize(300, 200, { fit: "fill" }).jpeg({ quality: 95 }).toBuffer();
  // 6: the first row of the file is the right side of the picture.
  const turned = await sharp(upright).rotate(-90).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
  const folder = await rig.folder("exif", [
    { name: "turned.jpg", bytes: turned },
    { name: "upright.jpg", bytes: upright },
  ]);
  const { run } = await rig.json(["run", folder, "--out", join(rig.dir, "labels"), "--top-k", "3"]);
  const records = await rig.records(run);
  const [asTurned, asUpright] = [records.get("turned.jpg")!, records.get("upright.jpg")!];
  expect(asTurned).toMatchObject({ width: 300, height: 200 });
  expect(asUpright).toMatchObject({ width: 300, height: 200 });
  expect(asTurned.top).toHaveLength(3);
  expect(asTurned.top![0]!.label).toBe(asUpright.top![0]!.label);
});

test("--include, --exclude and --sample choose the images", async () => {
  const out = join(rig.dir, "labels");
  const keysOf = async (...flags: string[]) => {
    const { run, images } = await rig.json(["run", input, "--out", out, "--top-k", "1", ...flags]);
    const keys = [...(await rig.records(run)).keys()];
    expect(keys).toHaveLength(images);
    return keys;
  };
  const all = allKeys();
  expect(await keysOf("--include", "b/*.jpg", "--exclude", "cat-*")).toEqual(
    all.filter((key) => key.startsWith("b/") && !key.startsWith("b/cat-")),
  );
  const sample = await keysOf("--sample", "6", "--seed", "7");
  expect(sample).toHaveLength(6);
  expect(all).toEqual(expect.arrayContaining(sample));
  expect(await keysOf("--sample", "6", "--seed", "7")).toEqual(sample);
});

test("a run with more failed images than --max-failed allows exits 3 and says how to go on", async () => {
  const nothing = Array.from({ length: 6 }, (_, i) => ({ name: `x-${i}.jpg`, bytes: Buffer.from("no image") }));
  const folder = await rig.folder("bad", [...photos.slice(0, 6), ...nothing]);
  const words = ["run", folder, "--out", join(rig.dir, "labels"), "--batch-images", "4", "--json"];
  const stopped = await rig.cli.run([...words, "--max-failed", "2"]);
  expect(stopped.exitCode).toBe(3);
  const { run } = JSON.parse(stopped.stdout) as RunReport;
  expect(stopped.stderr).toContain(`labelfleet resume ${run} --max-failed 100%`);

  const resumed = await rig.json(["resume", run, "--max-failed", "100%"]);
  expect(resumed).toMatchObject({ complete: true, images: 12, ok: 6, failed: 6 });

  // Of a complete run the share counts, however few images there are.
  const judged = await rig.cli.run(["resume", run, "--max-failed", "10%"]);
  expect([judged.exitCode, judged.stderr]).toEqual([
    3,
    expect.stringContaining("6 of 12 images failed (50 %), and --max-failed allows 10 %. To accept that: "),
  ]);
});
