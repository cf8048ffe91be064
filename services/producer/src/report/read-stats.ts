import { runNames } from "@labelfleet/shared/contract/run-names";
import { type ProducerStats, statsSchema, type WorkerStats } from "@labelfleet/shared/contract/stats";
import { hasCode } from "@labelfleet/shared/errors";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";

export interface RunStats {
  workers: WorkerStats[];
  producers: ProducerStats[];
}

/** Everything in stats/. A file that cannot be read is left out: times are for people, no count depends on them. */
export async function readStats(folder: RunFolder): Promise<RunStats> {
  const stats: RunStats = { workers: [], producers: [] };
  for await (const { name } of folder.list(runNames.stats)) {
    try {
      const stored = await folder.readJson(name, statsSchema);
      if (stored?.value.role === "worker") stats.workers.push(stored.value);
      else if (stored?.value.role === "producer") stats.producers.push(stored.value);
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
    }
  }
  return stats;
}
