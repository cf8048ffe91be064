import { hostname } from "node:os";
import { newProcessId } from "@labelfleet/shared/contract/ids";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import { openQueue } from "@labelfleet/shared/queue/batch-queue";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { Releasers } from "@labelfleet/shared/releasers";
import { within } from "@labelfleet/shared/shutdown";
import { feedOrStop } from "../feed/feed-or-stop.js";
import type { Finalized } from "../finalize/finalize-run.js";
import { outcomeOf } from "../finalize/outcome.js";
import { Following } from "../following.js";
import { Grace } from "../grace.js";
import { noteEnd } from "../note-end.js";
import { type KnownCounts, noteGraceMs, type Produced, type ProduceOptions, stopGraceMs } from "../produce.js";
import { type RewriteQuestion, Rewriter } from "./rewriter.js";

const loggedProblems = 5;

/**
 * Has batches of a run that is listed to its end done again, as the question asks for, and then concludes it.
 *
 * @param options.canBeHalted whether `pause` and `cancel` end it
 * @param options.before what the run's records said before
 * @param options.conclude checks the folder and writes its report; told how many images were done again
 * @throws RUN_INVALID when the question does
 */
export async function rewriteRun(
  options: ProduceOptions & {
    question: RewriteQuestion;
    canBeHalted: boolean;
    before: KnownCounts;
    conclude: (chosen: number) => Promise<Finalized>;
  },
): Promise<Produced> {
  const { folder, spec, redis, signal, logger, question, canBeHalted } = options;
  const { lane } = spec.overridable;
  const releasers = new Releasers();
  const stopping = new AbortController();
  const grace = new Grace(stopGraceMs);
  try {
    const queue = openQueue(options.redisUrl, lane);
    releasers.push("queue", () => within(grace.leftMs(), queue.close()));
    const progress = new RunProgress(redis, lane, spec.runId);
    const stopped = AbortSignal.any([signal, stopping.signal]);
    const inQueue = { folder, spec, redis, queue, progress, logger };
    const rewriter = new Rewriter({ ...inQueue, question, canBeHalted, signal: stopped });
    const following = new Following({
      ...options,
      progress,
      producerId: newProcessId(hostname(), process.pid),
      startedMs: options.startedMs ?? Date.now(),
      listed: () => ({ images: options.before.images, isComplete: true }),
      stand: () => {
        const { chosen, done, failedAgain, batchesDone } = rewriter.state;
        const counts = { done, ok: done - failedAgain, failed: failedAgain, batchesDone };
        return { ...counts, listed: chosen, listingComplete: rewriter.hasChosen };
      },
      rebuildProgress: () => rewriter.rebuildProgress(),
    });
    releasers.push("following", () => within(grace.leftMs(), following.stop()));
    releasers.push("stand down", async () => {
      stopping.abort();
      await within(grace.leftMs(), rewriter.withdraw());
      await noteEnd(grace.leftMs(), following.end("stopped"), logger);
    });
    const end = await feedOrStop(rewriter, signal, grace);
    if (end === "cancelled") await noteEnd(noteGraceMs, progress.noteCancelled(), logger);
    if (end !== "fed") {
      const { images, ok, failed } = options.before;
      return { outcome: end, report: null, known: { images, ok, failed } };
    }
    await noteEnd(noteGraceMs, following.end("finalizing"), logger);
    const { chosen, batchesFailed, firstFailure } = rewriter.state;
    const { report, problems } = await options.conclude(chosen);
    for (const problem of problems.slice(0, loggedProblems)) logger.error(problem.message);
    if (report.complete) await noteEnd(noteGraceMs, following.end("done"), logger);
    const outcome = batchesFailed > 0 ? "incomplete" : outcomeOf(report, spec);
    return { outcome, report, reason: firstFailure || problems[0]?.message, wasIdle: chosen === 0 };
  } finally {
    await releasers.releaseAll((name, error) => logger.debug(`${name}: ${toLabelfleetError(error).message}`));
  }
}
