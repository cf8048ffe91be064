import { verifyRun } from "@labelfleet/producer/report/verify";
import { readStatus } from "@labelfleet/producer/status";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type S3Server, startS3Server } from "../support/s3-server.js";
import { ProducerRig } from "./producer-rig.js";

let rig: ProducerRig;
let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3Server({ buckets: ["photos", "empty", "labels"] });
  for (const [name, value] of Object.entries(s3.env)) vi.stubEnv(name, value);
  for (let i = 0; i < 40; i++) await s3.putObject("photos", `in/${i}.jpg`, Buffer.from(`${i}`));
  await s3.putObject("photos", "in/folder/", Buffer.alloc(0));
  await s3.putObject("photos", "in/notes.txt", Buffer.from("x"));
  rig = await ProducerRig.start();
});
afterAll(async () => {
  await rig.stop();
  await s3.close();
  vi.unstubAllEnvs();
});

describe("a producer on a bucket", () => {
  it("takes it to a complete run", async () => {
    const run = await rig.prepare("s3://photos/in", { output: "s3://labels/out", batchImages: 6 });
    expect(run.warnings).toEqual([]);
    expect(run.folder.uri).toBe(`s3://labels/out/${run.spec.runId}/`);
    rig.startWorker();
    const { outcome, report } = await rig.produce(run);
    expect(outcome).toBe("complete");
    expect(report).toMatchObject({ images: 40, ok: 40, skipped: { folderMarkers: 1, filtered: 1, unnameable: 0 } });
    expect(await verifyRun(run.folder)).toMatchObject({ complete: true, records: 40 });
    expect(await readStatus(run.folder, null)).toMatchObject({ state: "done", images: 40 });
  });

  it.each([
    ["a bucket that does not exist", "s3://nowhere/in", "s3://labels/out", "BUCKET_NOT_FOUND"],
    ["an output bucket that does not exist", "s3://photos/in", "s3://nowhere/out", "BUCKET_NOT_FOUND"],
    ["an empty bucket", "s3://empty", "s3://labels/out", "INPUT_EMPTY"],
    ["a prefix without images", "s3://photos/out/", "s3://labels/out", "INPUT_EMPTY"],
    ["an output inside the input", "s3://photos/in", "s3://photos/in/labels", "OUTPUT_INSIDE_INPUT"],
    ["an output that is no folder", "s3://photos/in", "s3://labels/out*", "USAGE"],
  ])("refuses %s", async (_, input, output, code) => {
    await expect(rig.prepare(input, { output })).rejects.toMatchObject({ code });
  });
});
