import { hostname } from "node:os";
import { newProcessId } from "@labelfleet/shared/contract/ids";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { openQueue } from "@labelfleet/shared/queue/batch-queue";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { Releasers } from "@labelfleet/shared/releasers";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { within } from "@labelfleet/shared/shutdown";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { checkNotCancelled } from "./control.js";
import { feedOrStop } from "./feed/feed-or-stop.js";
import { Feeder } from "./feed/feeder.js";
import { awaitStats } from "./finalize/await-stats.js";
import { finalizeRun, readFinished, reportOf } from "./finalize/finalize-run.js";
import { type Outcome, outcomeOf } from "./finalize/outcome.js";
import { Following } from "./following.js";
import { Grace } from "./grace.js";
import { noteEnd } from "./note-end.js";
import { ChunkLog } from "./partition/chunk-log.js";
import { completeManifest } from "./partition/complete-manifest.js";

/** How long stopping may wait for Redis and the stores, all in all; a person is waiting. */
export const stopGraceMs = 5_000;
/** How long the end of a run waits for Redis to take note. */
export const noteGraceMs = 3_000;
const statsWaitMs = 6_000;
const loggedProblems = 5;

export interface ProduceProgress {
  done: number;
  ok: number;
  failed: number;
  listed: number;
  listingComplete: boolean;
  batchesDone: number;
  elapsedSeconds: number;
  /** What a first pass keeps in the queue and with workers, and how many batches of it at most. */
  fed?: { batches: number; images: number; windowBatches: number };
}

export interface ProduceOptions {
  folder: RunFolder;
  /** As in run.json, with the overridable part as the caller wants it. */
  spec: RunSpec;
  redis: Redis;
  redisUrl: string;
  /** Aborting stops feeding and takes back what no worker holds; `resume` goes on. */
  signal: AbortSignal;
  logger: Logger;
  /** Told about twice a second. */
  onProgress?: (progress: ProduceProgress) => void;
  /** When the command began, for wall time and the time to the first prediction; now unless told. */
  startedMs?: number;
}

/** Of a run without a report, as far as is known: images listed so far, and those of them that are done. */
export interface KnownCounts {
  images: number;
  ok: number;
  failed: number;
}

/** A run that was stopped, paused or cancelled has no report. `reason`: the first thing that kept a run from being complete. `wasIdle`: there
 * was no image to do again. */
export type Produced = { outcome: Outcome; reason?: string | undefined; wasIdle?: boolean } & (
  | { report: RunReport }
  | { report: null; known: KnownCounts }
);

/**
 * Takes a run that lies in its folder from wherever it stands to its end: list, feed, wait, finalize. A new run and a resumed
 * one are the same to it, a complete one just gives its report, and two of these at once on one run are harmless.
 *
 * @throws RUN_CANCELLED, and what listing the input or reading the run's folder rejects with
 */
export async function produceRun(options: ProduceOptions): Promise<Produced> {
  const { folder, spec, redis, signal, logger } = options;
  const finished = await readFinished(folder);
  if (finished !== null) return { outcome: outcomeOf(finished, spec), report: finished };

  await checkNotCancelled(folder);

  const { lane } = spec.overridable;
  const startedMs = options.startedMs ?? Date.now();
  const releasers = new Releasers();
  const stopping = new AbortController();
  const grace = new Grace(stopGraceMs);
  const stopped = AbortSignal.any([signal, stopping.signal]);
  try {
    const input = await openStore(spec.frozen.input);
    releasers.push("input store", () => input.store.close());
    const queue = openQueue(options.redisUrl, lane);
    releasers.push("queue", () => within(grace.leftMs(), queue.close()));
    const progress = new RunProgress(redis, lane, spec.runId);
    const log = new ChunkLog();
    const feeder = new Feeder({ folder, spec, log, redis, queue, progress, logger, signal: stopped });
    const producerId = newProcessId(hostname(), process.pid);
    const following = new Following({
      ...options,
      progress,
      producerId,
      startedMs,
      listed: () => ({ images: log.images, isComplete: log.hasEnded }),
      stand: () => ({ ...feeder.state, fed: feeder.fed, listed: log.images, listingComplete: log.hasEnded }),
      rebuildProgress: () => feeder.rebuildProgress(),
    });
    releasers.push("following", () => within(grace.leftMs(), following.stop()));
    const listing = completeManifest({ folder, spec, input, log, signal: stopped }).catch((error) => log.fail(error));
    releasers.push("listing", () => within(grace.leftMs(), listing));

    const standDown = async () => {
      stopping.abort();
      await within(grace.leftMs(), feeder.withdraw());
      await noteEnd(grace.leftMs(), following.end("stopped"), logger);
    };
    releasers.push("stand down", standDown);

    const end = await feedOrStop(feeder, signal, grace);
    if (end === "cancelled") await noteEnd(noteGraceMs, progress.noteCancelled(), logger);
    if (end === "stopped" || end === "paused" || end === "cancelled") {
      const { ok, failed } = feeder.state;
      return { outcome: end, report: null, known: { images: log.images, ok, failed } };
    }
    if (end === "too-many-failed") {
      await standDown();
      return { outcome: end, report: (await reportOf(folder, spec)).report };
    }
    await noteEnd(noteGraceMs, following.end("finalizing"), logger);
    // Where Redis cannot say, there may be some; waiting for them is bounded.
    const hasWorkers = await within(noteGraceMs, following.hasWorkers()).catch(() => undefined);
    if (hasWorkers !== false) {
      await awaitStats({ folder, images: log.images, boundMs: statsWaitMs, signal });
    }
    const { report, problems } = await finalizeRun(folder, spec);
    for (const problem of problems.slice(0, loggedProblems)) logger.error(problem.message);
    if (report.complete) await noteEnd(noteGraceMs, following.end("done"), logger);
    const reason = feeder.state.firstFailure ?? problems[0]?.message;
    return { outcome: outcomeOf(report, spec), report, reason };
  } finally {
    await releasers.releaseAll((name, error) => logger.debug(`${name}: ${toLabelfleetError(error).message}`));
  }
}
