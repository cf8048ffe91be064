import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import { type BatchQueue, offerBatches } from "@labelfleet/shared/queue/batch-queue";
import type { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";

/** Puts batches of a run into the queue, after the run was registered: workers take no batch of a run that is not. */
export async function offer(
  to: { folder: RunFolder; queue: BatchQueue; progress: RunProgress },
  jobs: BatchJob[],
  aheadOf?: (job: BatchJob) => number,
): Promise<void> {
  if (jobs.length === 0) return;
  await to.progress.register(to.folder.uri);
  await offerBatches(to.queue, jobs, aheadOf);
}
