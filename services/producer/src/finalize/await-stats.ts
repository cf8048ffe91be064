import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { sleep } from "@labelfleet/shared/shutdown";
import { readStats } from "../report/read-stats.js";

const lookMs = 300;

/**
 * Waits until the workers' statistics account for every image, so that the report does not miss their last seconds; they
 * flush every 5 s. A killed worker's last ones never come, so the wait has a bound.
 */
export async function awaitStats(options: {
  folder: RunFolder;
  images: number;
  boundMs: number;
  signal: AbortSignal;
}): Promise<void> {
  const deadlineMs = Date.now() + options.boundMs;
  while (!options.signal.aborted && Date.now() < deadlineMs) {
    const { workers } = await readStats(options.folder);
    if (workers.reduce((sum, worker) => sum + worker.images + worker.carriedOver, 0) >= options.images) return;
    await sleep(lookMs, options.signal);
  }
}
