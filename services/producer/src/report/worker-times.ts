import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { type WorkerStats, workerStages } from "@labelfleet/shared/contract/stats";

/** Seconds from a worker's start in the run to its last completion: idling after the run is not counted. */
export function activeSeconds(worker: WorkerStats): number {
  const { startMs, binMs, counts } = worker.completions;
  const lastBin = counts.findLastIndex((count) => count > 0);
  const endMs = lastBin === -1 ? worker.updatedMs : Math.min(worker.updatedMs, startMs + (lastBin + 1) * binMs);
  return Math.max(0, endMs - worker.startedMs) / 1000;
}

/** Per stage, over all workers. */
export function stageTimes(workers: WorkerStats[]): RunReport["stages"] {
  const sums = workerStages.map((stage) => {
    let [count, busySeconds, slotSeconds] = [0, 0, 0];
    for (const worker of workers) {
      const time = worker.stages[stage];
      count += time.count;
      busySeconds += time.busySeconds;
      slotSeconds += time.slots * activeSeconds(worker);
    }
    return { stage, count, busySeconds, utilisation: slotSeconds > 0 ? busySeconds / slotSeconds : 0 };
  });
  const allBusy = sums.reduce((sum, { busySeconds }) => sum + busySeconds, 0);
  return sums.map((stage) => ({ ...stage, share: allBusy > 0 ? stage.busySeconds / allBusy : 0 }));
}

export function workerLines(workers: WorkerStats[]): RunReport["workers"] {
  return workers.map((worker) => {
    const seconds = activeSeconds(worker);
    return {
      workerId: worker.workerId,
      host: worker.host,
      device: worker.device,
      images: worker.images,
      imagesPerSecond: seconds > 0 ? worker.images / seconds : 0,
      eventLoopDelayMsP99: worker.eventLoopDelayMs.p99,
      peakRssBytes: worker.peakRssBytes,
    };
  });
}

export function queueWaitOf(workers: WorkerStats[]): RunReport["queueWaitSeconds"] {
  const jobs = workers.reduce((sum, { queueWait }) => sum + queueWait.jobs, 0);
  if (jobs === 0) return null;
  return {
    mean: workers.reduce((sum, { queueWait }) => sum + queueWait.seconds, 0) / jobs,
    max: Math.max(...workers.map(({ queueWait }) => queueWait.maxSeconds)),
  };
}
