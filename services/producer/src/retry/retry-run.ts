import { hostname } from "node:os";
import { newProcessId } from "@labelfleet/shared/contract/ids";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { openQueue } from "@labelfleet/shared/queue/batch-queue";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { Releasers } from "@labelfleet/shared/releasers";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { feedOrStop } from "../feed/feed-or-stop.js";
import { readFinished, replaceReport } from "../finalize/finalize-run.js";
import { outcomeOf } from "../finalize/outcome.js";
import { Following } from "../following.js";
import { noteGraceMs, type Produced, type ProduceOptions, stopGraceMs } from "../produce.js";
import { Grace, within } from "../within.js";
import { Retrier } from "./retrier.js";

/**
 * Does the failed images of a complete run again: those with the code, or all that may succeed later. Which they are is read
 * from the folder, so a retry that was killed is simply repeated; what it had done already is not chosen again. report.json is
 * replaced at the end, and _SUCCESS stays, because at any time every object has exactly one record per model.
 *
 * @throws RUN_INCOMPLETE when the run is not complete; RUN_INVALID when a shard is missing or cannot be read
 */
export async function retryRun(options: ProduceOptions & { code: string | null }): Promise<Produced> {
  const { folder, spec, redis, signal, logger, code } = options;
  const finished = await checkComplete(folder);
  const { lane } = spec.overridable;
  const startedMs = options.startedMs ?? Date.now();
  const releasers = new Releasers();
  const grace = new Grace(stopGraceMs);
  try {
    const queue = openQueue(options.redisUrl, lane);
    releasers.push("queue", () => within(grace.leftMs(), queue.close()));
    const progress = new RunProgress(redis, lane, spec.runId);
    const retrier = new Retrier({ folder, spec, code, redis, queue, progress, logger });
    const following = new Following({
      ...options,
      progress,
      producerId: newProcessId(hostname(), process.pid),
      startedMs,
      listed: () => ({ images: finished.images, isComplete: true }),
      stand: () => {
        const { chosen, done, failedAgain, batchesDone } = retrier.state;
        const counts = { done, ok: done - failedAgain, failed: failedAgain, batchesDone };
        return { ...counts, listed: chosen, listingComplete: retrier.hasChosen };
      },
      rebuildProgress: () => retrier.rebuildProgress(),
    });
    releasers.push("following", () => within(grace.leftMs(), following.stop()));
    releasers.push("stand down", async () => {
      await within(grace.leftMs(), retrier.withdraw());
      await within(grace.leftMs(), following.end("stopped"));
    });
    if ((await feedOrStop(retrier, signal, grace)) === "stopped") return { outcome: "stopped", report: null };
    await within(noteGraceMs, following.end("finalizing"));
    const { report, problems } = await replaceReport(folder, spec);
    for (const problem of problems.slice(0, 5)) logger.error(problem.message);
    await within(noteGraceMs, following.end("done"));
    return { outcome: retrier.state.batchesFailed > 0 ? "incomplete" : outcomeOf(report, spec), report };
  } finally {
    await releasers.releaseAll((name, error) => logger.debug(`${name}: ${toLabelfleetError(error).message}`));
  }
}

/** The report of a complete run. @throws RUN_INCOMPLETE */
export async function checkComplete(folder: RunFolder): Promise<RunReport> {
  const finished = await readFinished(folder);
  if (finished !== null) return finished;
  throw new LabelfleetError(
    "RUN_INCOMPLETE",
    `${folder.uri} is not complete: finish it first with labelfleet resume ${folder.uri}`,
  );
}
