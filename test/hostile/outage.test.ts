import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bucket, Rig, smallPhotos, withoutWorker } from "../e2e/rig.js";
import { type CannedAnswer, xmlError } from "../support/s3-front.js";

const photoCount = 60;
const out = `s3://${bucket}/out`;

let rig: Rig;
let input: string;
let undisturbed: Map<string, Prediction>;

beforeAll(async () => {
  rig = await Rig.start();
  input = await rig.upload("in", await smallPhotos(photoCount));
  undisturbed = await rig.records((await rig.json(["run", input, "--out", out])).run);
});

afterEach(() => {
  rig.servers.s3.intercept = undefined;
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

/** Answers every read of a photo so, from the `free`-th on, for a while. Returns how many it refused. */
function refuseReads(free: number, forMs: number, answer: CannedAnswer): () => number {
  let reads = 0;
  let refused = 0;
  let sinceMs: number | undefined;
  rig.servers.s3.intercept = ({ method, key }) => {
    if (method !== "GET" || !key.startsWith("in/") || reads++ < free) return undefined;
    sinceMs ??= Date.now();
    if (Date.now() - sinceMs >= forMs) return undefined;
    refused++;
    return answer;
  };
  return () => refused;
}

async function inputPauseOf(run: string): Promise<unknown> {
  return (await rig.json<{ inputPause: unknown }>(["status", run], rig.shared)).inputPause;
}

test.each<{ what: string; answer: CannedAnswer; forMs: number; env: Record<string, string> }>([
  { what: "403 for the whole bucket", answer: xmlError(403, "AccessDenied", "Access Denied"), forMs: 10_000, env: {} },
  {
    what: "credentials that expired",
    answer: xmlError(400, "ExpiredToken", "The provided token has expired."),
    forMs: 4_000,
    env: {},
  },
  {
    what: "a storm of 503",
    answer: xmlError(503, "SlowDown", "Please reduce your request rate."),
    forMs: 4_000,
    env: { LABELFLEET_S3_MAX_ATTEMPTS: "1" },
  },
])("$what for $forMs ms pauses the worker, and no image fails", async ({ answer, forMs, env }) => {
  const refused = refuseReads(20, forMs, answer);
  const words = ["run", input, "--out", out, "--batch-images", "10", "--json"];
  const result = await rig.cli.run(words, env);
  expect(result.exitCode, result.stderr).toBe(0);
  const report = JSON.parse(result.stdout) as RunReport;
  expect(report).toMatchObject({ images: photoCount, ok: photoCount, failed: 0 });
  // What was in hand and a few probes, instead of the whole bucket several times.
  expect(refused()).toBeGreaterThan(3);
  expect(refused()).toBeLessThan(photoCount);
  expect(result.stderr.match(/: paused, trying again/g)).toHaveLength(1);
  expect(result.stderr.match(/can be read again after \d+ s: resuming/g)).toHaveLength(1);
  expect(withoutWorker(await rig.records(report.run))).toEqual(withoutWorker(undisturbed));
});

test("objects that are refused by a healthy store fail by themselves, and nothing pauses", async () => {
  rig.servers.s3.intercept = ({ method, key }) =>
    method === "GET" && key.startsWith("in/cat-") ? xmlError(403, "AccessDenied", "Access Denied") : undefined;
  const words = ["run", input, "--out", out, "--batch-images", "10", "--max-failed", "50%", "--json"];
  const result = await rig.cli.run(words);
  expect(result.exitCode, result.stderr).toBe(0);
  const denied = [...undisturbed.keys()].filter((key) => key.startsWith("in/cat-")).length;
  expect(denied).toBeGreaterThan(0);
  expect(JSON.parse(result.stdout)).toMatchObject({ failed: denied, failedByCode: { OBJECT_DENIED: denied } });
  expect(result.stderr).not.toContain("paused");
});

test("an outage that outlasts the longest pause ends in failed records, not in waiting for ever", async () => {
  refuseReads(20, 600_000, xmlError(403, "AccessDenied", "Access Denied"));
  const words = ["run", input, "--out", out, "--batch-images", "10", "--max-failed", "100%", "--json"];
  const result = await rig.cli.run(words, { LABELFLEET_MAX_PAUSE_SECONDS: "3" });
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stderr).toContain("giving up waiting");
  const report = JSON.parse(result.stdout) as RunReport;
  expect(report.ok + report.failed).toBe(photoCount);
  expect(report.failedByCode).toEqual({ OBJECT_DENIED: report.failed });
});

test("a worker that is paused says so in status; SIGTERM ends it at once, and its batches go back without using up an attempt", async () => {
  refuseReads(20, 600_000, xmlError(403, "AccessDenied", "Access Denied"));
  const worker = rig.cli.start(["work"], rig.shared);
  const scan = rig.cli.start(["scan", input, "--out", out, "--batch-images", "10", "--json"], rig.shared);
  await worker.until(/paused, trying again/);
  const [, run] = await scan.until(/(s3:\/\/\S+\/)\n/);
  await expect
    .poll(() => inputPauseOf(run!), { timeout: 20_000 })
    .toEqual({
      input: `s3://${bucket}/in/`,
      code: "OBJECT_DENIED",
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      workers: 1,
    });
  const { stdout } = await rig.succeed(["status", run!], rig.shared);
  expect(stdout).toContain(`${run} paused: s3://${bucket}/in/ refuses (OBJECT_DENIED), since 2`);
  const startedMs = Date.now();
  worker.kill("SIGTERM");
  const ended = await worker.result(20_000);
  expect(ended).toMatchObject({ exitCode: 0 });
  expect(Date.now() - startedMs).toBeLessThan(10_000);
  expect(ended.stderr).not.toMatch(/will be tried again|failed for good/);
  rig.servers.s3.intercept = undefined;
  expect(await inputPauseOf(run!)).toBeNull();
  const next = rig.cli.start(["work"], rig.shared);
  const result = await scan.result();
  expect(JSON.parse(result.stdout)).toMatchObject({ ok: photoCount, failed: 0 });
  next.kill("SIGTERM");
  await next.result();
});
