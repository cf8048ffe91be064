import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CliProcess } from "../support/cli.js";
import type { Photo } from "../support/photos.js";
import { xmlError } from "../support/s3-front.js";
import { isPhotoGet } from "./gate.js";
import { bucket, Rig, smallPhotos } from "./rig.js";

let rig: Rig;
let photos: Photo[];

beforeAll(async () => {
  rig = await Rig.start();
  photos = await smallPhotos(12);
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

/** Lists and feeds an input, then changes it while no worker is there, then labels it. Returns the run. */
async function labelAfter(input: string, lane: string, change: () => Promise<void>): Promise<string> {
  const words = ["scan", input, "--out", `s3://${bucket}/out`, "--lane", lane, "--max-failed", "50%", "--json"];
  const scan = rig.cli.start(words, rig.shared);
  await scan.until(/0 \/ 12 images/);
  await change();
  const worker: CliProcess = rig.cli.start(["work", "--lane", lane], rig.shared);
  const result = await scan.result();
  worker.kill("SIGTERM");
  expect((await worker.result()).exitCode).toBe(0);
  expect(result.exitCode, result.stderr).toBe(0);
  const report = JSON.parse(result.stdout) as { run: string; images: number; complete: boolean };
  expect(report).toMatchObject({ images: 12, complete: true });
  expect((await rig.succeed(["verify", report.run])).stdout).toContain("12 images, 12 records");
  return report.run;
}

test("objects that are deleted, replaced, denied or archived after they were listed are failed records", async () => {
  const { s3 } = rig.servers;
  const input = await rig.upload("in", photos);
  const [gone, replaced, denied, archived] = photos.map(({ name }) => `in/${name}`) as [string, string, string, string];
  const run = await labelAfter(input, "objects", async () => {
    await s3.deleteObject(bucket, gone);
    await s3.putObject(bucket, replaced, photos[5]!.bytes);
    s3.intercept = (request) => {
      if (!isPhotoGet(request)) return undefined;
      if (request.key === denied) return xmlError(403, "AccessDenied", "Access Denied");
      return request.key === archived
        ? xmlError(403, "InvalidObjectState", "The operation is not valid for the object's storage class")
        : undefined;
    };
  });
  s3.intercept = undefined;
  const records = await rig.records(run);
  const codes = {
    [gone]: "OBJECT_NOT_FOUND",
    [replaced]: "OBJECT_CHANGED",
    [denied]: "OBJECT_DENIED",
    [archived]: "OBJECT_ARCHIVED",
  };
  for (const [key, record] of records) {
    const expected = codes[key] ?? null;
    expect(record, key).toMatchObject({ status: expected === null ? "ok" : "failed", errorCode: expected });
    expect(record.retryable, key).toBe(expected === null ? null : false);
  }
});

test("files that are deleted or changed after they were listed are failed records", async () => {
  const input = await rig.folder("input", photos);
  const [gone, changed] = photos.map(({ name }) => name) as [string, string];
  const run = await labelAfter(input, "files", async () => {
    await rm(join(input, gone));
    await appendFile(join(input, changed), "more");
  });
  const records = await rig.records(run);
  expect(records.get(gone)).toMatchObject({ status: "failed", errorCode: "OBJECT_NOT_FOUND", retryable: false });
  expect(records.get(changed)).toMatchObject({ status: "failed", errorCode: "OBJECT_CHANGED", retryable: false });
  expect([...records.values()].filter(({ status }) => status === "ok")).toHaveLength(10);
});
