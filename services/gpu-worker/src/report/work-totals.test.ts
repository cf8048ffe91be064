import { expect, it } from "vitest";
import { RunStats } from "./run-stats.js";
import { noWork, sumOf } from "./work-totals.js";

const identity = { workerId: "w", host: "h", versions: {} };

function statsOf(runId: string): RunStats {
  const stats = new RunStats(identity, runId);
  stats.stage("fetch", 250, 2);
  stats.inferred(10, 1 / 4);
  stats.jobTaken(1.5);
  stats.shardConflict();
  stats.recorded("m", [
    { status: "ok", errorCode: null },
    { status: "failed", errorCode: "IMAGE_CORRUPT" },
  ]);
  return stats;
}

it("adds up what was done for several runs", () => {
  const sum = sumOf([statsOf("a").totals(), statsOf("b").totals()]);
  expect(sum.stages.fetch).toEqual({ count: 4, busyMs: 500 });
  expect(sum.batchSizes).toEqual(new Map([[4, 0.5]]));
  expect(sum.records).toEqual(new Map([["m", { ok: 2, failed: 2 }]]));
  expect(sum.failures).toEqual(new Map([["IMAGE_CORRUPT", 2]]));
  expect(sum).toMatchObject({ shardConflicts: 2, queueWait: { jobs: 2, seconds: 3 } });
});

it("leaves its parts as they were", () => {
  const stats = statsOf("a");
  const before = structuredClone(stats.totals());
  sumOf([stats.totals(), stats.totals()]);
  expect(stats.totals()).toEqual(before);
  expect(sumOf([])).toEqual(noWork());
});
