import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { decodeShard } from "@labelfleet/shared/run/shard-codec";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Photo } from "../support/photos.js";
import { bucket, Rig, smallPhotos, withoutWorker } from "./rig.js";

let rig: Rig;
let photos: Photo[];
let input: string;

beforeAll(async () => {
  rig = await Rig.start();
  photos = await smallPhotos(20);
  input = await rig.upload("in", photos);
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

test("run labels a prefix of a bucket: keys and ETags are those of S3, _SUCCESS comes last", async () => {
  const written: string[] = [];
  rig.servers.s3.intercept = ({ method, key }) => {
    // A worker writes its last statistics when it ends.
    if (method === "PUT" && !key.includes("/stats/")) written.push(key);
    return undefined;
  };
  const report = await rig.json(["run", input, "--out", `s3://${bucket}/out`]).finally(() => {
    rig.servers.s3.intercept = undefined;
  });
  expect(report).toMatchObject({ images: 20, ok: 20, failed: 0 });
  expect(written.at(-1)).toMatch(/_SUCCESS$/);
  expect(written.at(-2)).toMatch(/report\.json$/);

  const records = await rig.records(report.run);
  expect([...records.keys()]).toEqual(photos.map(({ name }) => `in/${name}`).sort());
  for (const { name, bytes } of photos) {
    // The ETag of an object that was put in one piece is its MD5.
    const etag = createHash("md5").update(bytes).digest("hex");
    expect(records.get(`in/${name}`)).toMatchObject({ etag, sizeBytes: bytes.length, status: "ok" });
  }
});

test("a folder and a bucket with the same photos get the same labels", async () => {
  const folder = await rig.folder("same", photos);
  const local = await rig.json(["run", folder, "--out", join(rig.dir, "labels")]);
  const remote = await rig.json(["run", input, "--out", join(rig.dir, "labels")]);
  const labels = async (run: string) =>
    [...(await rig.records(run))].map(([key, record]) => [key.replace("in/", ""), record.top]);
  expect(await labels(local.run)).toEqual(await labels(remote.run));
});

test("a trailing * makes the input a string prefix", async () => {
  const { run } = await rig.json(["run", `s3://${bucket}/in/cat*`, "--out", `s3://${bucket}/out`]);
  const keys = [...(await rig.records(run)).keys()];
  expect(keys).toEqual(
    photos
      .map(({ name }) => `in/${name}`)
      .filter((key) => key.startsWith("in/cat"))
      .sort(),
  );
  expect(keys.length).toBeGreaterThan(0);
});

test("--format parquet writes the same records", async () => {
  const out = join(rig.dir, "labels");
  const asLines = await rig.json(["run", input, "--out", out]);
  const asParquet = await rig.json(["run", input, "--out", out, "--format", "parquet"]);
  const rows = new Map<string, Prediction>();
  for (const name of await rig.names(asParquet.run)) {
    if (!name.startsWith("predictions/")) continue;
    expect(name).toMatch(/\.parquet$/);
    const bytes = await readFile(new URL(name, asParquet.run));
    for (const row of await decodeShard(bytes, "parquet", name)) rows.set(row.key, row);
  }
  expect(withoutWorker(rows)).toEqual(withoutWorker(await rig.records(asLines.run)));
  expect((await rig.succeed(["verify", asParquet.run])).stdout).toContain("20 images, 20 records");
});

test("two models are one run: one record per image and model, one block per model in the report", async () => {
  const models = ["--model", "efficientnet-lite0", "--model", "efficientnet-lite1"];
  const report = await rig.json(["run", input, "--out", `s3://${bucket}/out`, "--limit", "8", ...models]);
  expect(report).toMatchObject({ images: 8, ok: 8 });
  expect(report.models.map(({ id, ok }) => [id, ok])).toEqual([
    ["efficientnet-lite0", 8],
    ["efficientnet-lite1", 8],
  ]);
  for (const { id } of report.models) {
    const records = await rig.records(report.run, id);
    expect(records.size).toBe(8);
    for (const record of records.values()) expect(record.modelId).toBe(id);
  }
});

test("of objects with equal content one is read where the run asks for it, and each has its own record", async () => {
  const [photo, other] = photos as [Photo, Photo];
  const copies = ["a", "b", "c", "d"].map((name) => ({ name: `${name}.jpg`, bytes: photo.bytes }));
  const copied = await rig.upload("copies", [...copies, { name: "e.jpg", bytes: other.bytes }]);
  const reads: string[] = [];
  rig.servers.s3.intercept = ({ method, key, headers }) => {
    // As workers read: the producer asks for one byte of the first object.
    if (method === "GET" && key.startsWith("copies/") && headers.range === undefined) reads.push(key);
    return undefined;
  };
  const runWith = (flags: string[]) => rig.json(["run", copied, "--out", join(rig.dir, "labels"), ...flags]);
  const merged = await runWith(["--merge-equal-objects"]);
  const readWhenMerged = new Set(reads.splice(0));
  const each = await runWith([]).finally(() => {
    rig.servers.s3.intercept = undefined;
  });
  expect(merged).toMatchObject({ images: 5, ok: 5, failed: 0 });
  expect(readWhenMerged.size).toBe(2);
  expect(new Set(reads).size).toBe(5);
  const isMerged = async (run: string) => (await rig.spec(run)).frozen.mergeEqualObjects;
  expect([await isMerged(merged.run), await isMerged(each.run)]).toEqual([true, false]);
  const said = async (run: string) =>
    [...(await rig.records(run))].map(([key, { workerId, ...record }]) => ({ ...record, key }));
  expect(await said(merged.run)).toEqual(await said(each.run));
  await rig.succeed(["verify", merged.run]);
});
