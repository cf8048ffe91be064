import { type BatchJob, jobIdOf } from "@labelfleet/shared/contract/batch-job";
import { type BatchConsumer, consumeBatches } from "@labelfleet/shared/queue/batch-consumer";
import { batchStates, offerBatches, openQueue, takeFailure } from "@labelfleet/shared/queue/batch-queue";
import { expect, test } from "vitest";
import { startRedis } from "../support/redis-server.js";

function jobOf(n: number): BatchJob {
  return {
    schemaVersion: 1,
    run: "file:///nowhere/20260102t030405z-abcdef/",
    runId: "20260102t030405z-abcdef",
    range: "r000",
    chunk: "r000-000000",
    batchId: `r000-000000-000${n}`,
    pass: 0,
    rewrite: null,
    retryCode: null,
    mend: false,
  };
}

test("a batch that lost ten workers fails with the reason, and no worker begins it; one that lost nine is done", async () => {
  const server = await startRedis();
  const queue = openQueue(server.url, "default");
  const begun: string[] = [];
  let consumer: BatchConsumer | undefined;
  try {
    const jobs = [jobOf(0), jobOf(1)];
    await offerBatches(queue, jobs);
    for (const [i, lost] of [10, 9].entries()) {
      await server.command("HSET", `{lf-default}:batches:${jobIdOf(jobs[i]!)}`, "stc", String(lost));
    }
    consumer = consumeBatches({
      redisUrl: server.url,
      lane: "default",
      batchSlots: 2,
      workerId: "w",
      isShortOf: () => false,
      process: async ({ job }) => void begun.push(job.batchId),
      onFailed: () => {},
      onStalled: () => {},
      onError: () => {},
    });
    await expect.poll(() => batchStates(queue, jobs), { timeout: 15_000 }).toEqual(["failed", "completed"]);
    expect(begun).toEqual([jobs[1]!.batchId]);
    expect(await takeFailure(queue, jobs[0]!)).toMatch(/^10 workers were lost while they had it: /);
  } finally {
    await consumer?.close();
    await queue.close();
    await server.stop();
  }
});
