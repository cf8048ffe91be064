import { expect, test } from "vitest";
import { batchJobSchema, jobIdOf, runIdInJobId } from "./batch-job.js";

const runId = "20260102t030405z-abcdef";
const chunk = "r000-000000";
const job = {
  schemaVersion: 1,
  run: `s3://labels/out/${runId}/`,
  runId,
  range: "r000",
  chunk,
  batchId: `${chunk}-0000`,
  pass: 1,
  rewrite: { "efficientnet-lite0": '"0a1b"' },
  retryCode: "STORE_TIMEOUT",
  mend: false,
};

test("a job is read as it was written, and its id names its run", () => {
  expect(batchJobSchema.parse(job)).toEqual(job);
  expect(runIdInJobId(jobIdOf(job))).toBe(runId);
  expect(runIdInJobId("1")).toBe("");
});

test.each([
  { run: `file:///${"x".repeat(20_000)}` },
  { rewrite: { m: "e".repeat(2_000) } },
  { rewrite: { "../x": "e" } },
  { retryCode: "x".repeat(100_000) },
  { batchId: "../../etc/passwd" },
  { chunk: "r000-000001" },
  { range: "r001" },
  { pass: -1 },
])("a job with %j is none", (changes) => {
  const parsed = batchJobSchema.safeParse({ ...job, ...changes });
  expect(parsed.success).toBe(false);
  expect(parsed.error?.issues[0]?.message.length).toBeLessThan(500);
});
