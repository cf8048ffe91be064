import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { expect, test } from "vitest";
import { Admission } from "./admission.js";

const runId = "20260102t030405z-abcdef";
const run = `s3://labels/out/${runId}/`;
const chunk = "r000-000000";
const rest = { range: "r000", chunk, batchId: `${chunk}-0000`, pass: 0, rewrite: null, retryCode: null, mend: false };
const job: BatchJob = { schemaVersion: 1, run, runId, ...rest };

function specOf(frozen: { input: string; output?: string; since?: string | null }): RunSpec {
  return { runId, frozen: { output: "s3://labels/out", since: null, ...frozen } } as RunSpec;
}

function registering(...answers: (string | null)[]) {
  const waits: number[] = [];
  const admission = new Admission({
    allow: null,
    registeredRun: async () => answers[Math.min(waits.length, answers.length - 1)] ?? null,
    wait: async (ms) => void waits.push(ms),
  });
  return { admission, waits };
}

const allowing = (...allow: string[]) => new Admission({ allow, registeredRun: async () => null });

test("a registered run is worked on at once, and one that is registered again soon", async () => {
  const at = registering(run);
  await at.admission.checkJob(job, "default");
  expect(at.waits).toEqual([]);
  const later = registering(null, null, run);
  await later.admission.checkJob(job, "default");
  expect(later.waits).toHaveLength(2);
});

test("a run that nobody registered is refused, and one at another address without waiting", async () => {
  const unknown = registering(null);
  await expect(unknown.admission.checkJob(job, "default")).rejects.toMatchObject({
    name: "Refused",
    message: expect.stringContaining("no producer registered this run"),
  });
  expect(unknown.waits.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(5_000);
  const moved = registering("s3://labels/elsewhere/");
  await expect(moved.admission.checkJob(job, "default")).rejects.toThrow("s3://labels/elsewhere/");
  expect(moved.waits).toEqual([]);
});

test("a job of one run does not work on another", () => {
  const other = { ...specOf({ input: "s3://photos/" }), runId: "20260102t030405z-zzzzzz" };
  expect(() => registering(run).admission.checkSpec(job, other)).toThrow("which is run 20260102t030405z-zzzzzz");
});

test.each([
  ["s3://labels/out"],
  ["s3://labels/out/"],
  ["s3://labels/"],
  ["s3://labels/ou*"],
  ["file:///x", "s3://labels/"],
])("--allow %s takes it without a registration", async (...allow) => {
  await expect(allowing(...allow).checkJob(job, "default")).resolves.toBeUndefined();
});

test.each([["s3://labels/ou"], ["s3://label"], ["s3://labels/out/other/"], ["file:///"]])(
  "--allow %s refuses it",
  async (allow) => {
    await expect(allowing(allow).checkJob(job, "default")).rejects.toThrow("is in no address of --allow");
  },
);

test("a folder's way out is followed before it is compared", async () => {
  const outside = { ...job, run: `file:///data/labels/../../etc/${runId}/` };
  await expect(allowing("file:///data/labels").checkJob(outside, "default")).rejects.toThrow("--allow");
  const inside = { ...job, run: `file:///data/labels/../labels/${runId}/` };
  await expect(allowing("file:///data/labels").checkJob(inside, "default")).resolves.toBeUndefined();
});

test("with --allow, what run.json names has to be allowed, too", () => {
  const admission = allowing("s3://labels/", "s3://photos/a/");
  expect(() => admission.checkSpec(job, specOf({ input: "s3://photos/a/b*" }))).not.toThrow();
  expect(() => admission.checkSpec(job, specOf({ input: "s3://photos/" }))).toThrow("its input");
  expect(() => admission.checkSpec(job, specOf({ input: "s3://photos/a/", output: "file:///x" }))).toThrow(
    "its output",
  );
  expect(() => admission.checkSpec(job, specOf({ input: "s3://photos/a/", since: "s3://x/y/" }))).toThrow("--since");
});
