import type { WorkerBeat } from "@labelfleet/shared/redis/registry";
import type { RunProgress } from "@labelfleet/shared/redis/run-progress";

/**
 * Images of a run that are labelled, but whose batch is not counted yet, by the heartbeats of its workers. Advisory: a killed
 * worker's images count until its heartbeat expires.
 */
export async function imagesInHand(
  progress: Pick<RunProgress, "finished">,
  workers: Pick<WorkerBeat, "imagesInHand">[],
  { runId, modelIds }: { runId: string; modelIds: string[] },
): Promise<number> {
  const images = new Map<string, number>();
  for (const batch of workers.flatMap((worker) => worker.imagesInHand)) {
    // Two workers may have the same batch for a while.
    if (batch.runId === runId) images.set(batch.batchId, Math.max(images.get(batch.batchId) ?? 0, batch.images));
  }
  const batchIds = [...images.keys()];
  const isCounted = await progress.finished(batchIds, modelIds);
  return batchIds.reduce((sum, batchId, i) => sum + (isCounted[i] ? 0 : images.get(batchId)!), 0);
}
