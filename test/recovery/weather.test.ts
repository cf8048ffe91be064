import { createHash } from "node:crypto";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { expect, test } from "vitest";
import { isPhotoGet } from "../e2e/gate.js";
import { type Interception, xmlError } from "../support/s3-front.js";
import { out, useRecoveryRig } from "./recovery-rig.js";

const photoCount = 20;
const recovery = useRecoveryRig(photoCount);

/** Answers the reads of photos instead of the store; returns how often each key was read. */
function disturb(answer: (key: string, read: number) => Interception): Map<string, number> {
  const { rig } = recovery;
  const reads = new Map<string, number>();
  rig.servers.s3.intercept = (request) => {
    if (!isPhotoGet(request)) return undefined;
    const read = (reads.get(request.key) ?? 0) + 1;
    reads.set(request.key, read);
    return answer(request.key, read);
  };
  return reads;
}

test("errors, throttling, resets and bodies that break off are retried until they succeed", async () => {
  const { rig, input, photos } = recovery;
  const keys = photos.map(({ name }) => `in/${name}`);
  const cutShort = (index: number): Interception => {
    const { bytes } = photos[index]!;
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    const headers = { "content-length": String(bytes.length), etag };
    return { status: 200, body: bytes.subarray(0, 1_000).toString("latin1"), headers, cut: true };
  };
  const kinds: ((index: number) => Interception)[] = [
    () => xmlError(500, "InternalError", "We encountered an internal error. Please try again."),
    () => xmlError(503, "SlowDown", "Please reduce your request rate."),
    () => "drop",
    cutShort,
  ];
  const reads = disturb((key, read) => {
    const index = keys.indexOf(key);
    return read <= 2 ? kinds[index % kinds.length]!(index) : undefined;
  });
  const report = await rig.json(["run", input, "--out", out]);
  expect(report).toMatchObject({ images: 20, ok: 20, failed: 0, failedByCode: {} });
  expect([...reads.values()]).toEqual(keys.map(() => 3));
});

test("an object that keeps failing ends as a retryable record, the others are not read again, the run is complete", async () => {
  const { rig, input, photos } = recovery;
  const [broken, throttled] = [`in/${photos[3]!.name}`, `in/${photos[9]!.name}`];
  const reads = disturb((key) => {
    if (key === broken) return xmlError(500, "InternalError", "We encountered an internal error. Please try again.");
    return key === throttled ? xmlError(503, "SlowDown", "Please reduce your request rate.") : undefined;
  });
  const words = ["run", input, "--out", out, "--batch-images", "20", "--max-failed", "2"];
  const report = await rig.json(words, { LABELFLEET_S3_MAX_ATTEMPTS: "1" });
  expect(report).toMatchObject({ images: 20, ok: 18, failed: 2, complete: true });
  expect(report.failedByCode).toEqual({ STORE_UNAVAILABLE: 1, STORE_THROTTLED: 1 });
  const records = await rig.records(report.run);
  expect(records.get(broken)).toMatchObject(failed("STORE_UNAVAILABLE"));
  expect(records.get(throttled)).toMatchObject(failed("STORE_THROTTLED"));
  for (const [key, count] of reads) {
    if (key === broken || key === throttled) expect(count, key).toBeGreaterThan(1);
    else expect(count, key).toBe(1);
  }
  expect((await rig.succeed(["verify", report.run])).stdout).toContain("20 images, 20 records");
});

test("an output that refuses a shard for a while delays the run, and loses nothing", async () => {
  const { rig, input } = recovery;
  let refusals = 0;
  rig.servers.s3.intercept = ({ method, key }) => {
    if (method !== "PUT" || !key.includes("/predictions/") || refusals >= 2) return undefined;
    refusals++;
    return xmlError(403, "AccessDenied", "Access Denied");
  };
  const report = await rig.json(["run", input, "--out", out, "--batch-images", "20"]);
  expect(refusals).toBe(2);
  expect(report).toMatchObject({ images: 20, ok: 20, complete: true });
});

function failed(errorCode: string): Partial<Prediction> {
  return { status: "failed", errorCode, retryable: true, top: null, width: null, height: null };
}
