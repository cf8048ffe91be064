import { verifyRun } from "@labelfleet/producer/report/verify";
import { readStatus } from "@labelfleet/producer/status";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { xmlError } from "../support/s3-front.js";
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

afterEach(() => {
  s3.intercept = undefined;
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

  it("refuses credentials that nobody knows", async () => {
    const known = s3.env.AWS_ACCESS_KEY_ID!;
    vi.stubEnv("AWS_ACCESS_KEY_ID", "nobody");
    await expect(rig.prepare("s3://photos/in", { output: "s3://labels/out" })).rejects.toMatchObject({
      code: "CREDENTIALS_REFUSED",
    });
    vi.stubEnv("AWS_ACCESS_KEY_ID", known);
  });

  it("refuses an input that can be listed but not read, though one denied object is fine", async () => {
    let denials = 1;
    s3.intercept = ({ method, bucket, key }) =>
      method === "GET" && bucket === "photos" && key !== "" && denials-- > 0
        ? xmlError(403, "AccessDenied", "Access Denied")
        : undefined;
    const options = { output: "s3://labels/out" };
    await expect(rig.prepare("s3://photos/in", options)).resolves.toMatchObject({ warnings: [] });
    denials = Number.POSITIVE_INFINITY;
    const error = await rig.prepare("s3://photos/in", options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "ACCESS_DENIED" });
  });

  it("refuses an output that takes no writes", async () => {
    s3.intercept = ({ method, bucket }) =>
      method === "PUT" && bucket === "labels" ? xmlError(403, "AccessDenied", "Access Denied") : undefined;
    await expect(rig.prepare("s3://photos/in", { output: "s3://labels/out" })).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
    });
  });

  it("warns when the output ignores conditional writes", async () => {
    s3.intercept = ({ headers }) => {
      delete headers["if-none-match"];
      return undefined;
    };
    const { spec, warnings } = await rig.prepare("s3://photos/in", { output: "s3://labels/out" });
    expect(warnings).toEqual([expect.stringContaining("conditional writes")]);
    expect(spec.frozen.conditionalPut).toBe(false);
  });
});
