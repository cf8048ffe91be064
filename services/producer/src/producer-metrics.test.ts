import { expect, it } from "vitest";
import type { ProduceProgress } from "./produce.js";
import { ProducerMetrics } from "./producer-metrics.js";

function progress(elapsedSeconds: number, done: number): ProduceProgress {
  const fed = { batches: 3, images: 30, windowBatches: 64 };
  return { done, ok: done - 1, failed: 1, listed: 1_000, listingComplete: true, batchesDone: 1, elapsedSeconds, fed };
}

it("says how long the backlog will take once there is a rate", () => {
  const metrics = new ProducerMetrics({ runId: "r", lane: "default" });
  expect(metrics.isAtWork).toBe(false);
  metrics.show(progress(10, 100));
  expect(metrics.read(null).labelfleet_backlog_seconds).toEqual([]);
  metrics.show(progress(20, 200));
  expect(metrics.isAtWork).toBe(true);
  expect(metrics.read(7)).toMatchObject({
    labelfleet_backlog_images: [{ value: 800 }],
    labelfleet_backlog_seconds: [{ value: 80 }],
    labelfleet_oldest_job_seconds: [{ value: 7 }],
    labelfleet_done_images: [
      { labels: { status: "ok" }, value: 199 },
      { labels: { status: "failed" }, value: 1 },
    ],
  });
});

it("has no backlog when all is done", () => {
  const metrics = new ProducerMetrics({ runId: "r", lane: "default" });
  metrics.show(progress(10, 1_000));
  expect(metrics.read(null).labelfleet_backlog_seconds).toEqual([{ value: 0 }]);
  expect(metrics.read(null).labelfleet_oldest_job_seconds).toEqual([]);
});
