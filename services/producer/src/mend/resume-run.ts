import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { hasCode, toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { disagreementOf } from "@labelfleet/shared/run/check-report";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { finalizeRun, readFinished, replaceReport } from "../finalize/finalize-run.js";
import { outcomeOf } from "../finalize/outcome.js";
import { type Produced, type ProduceOptions, produceRun } from "../produce.js";
import { hasSameCounts } from "../report/checked-report.js";
import { foldRun, type RunFold } from "../report/fold-run.js";
import { rewriteRun } from "../rewrite/rewrite-run.js";
import { mendOf } from "./mend-of.js";

const loggedProblems = 5;

/**
 * Goes on with a run wherever it stands, and mends it: shards that cannot be read, or do not hold exactly the records of their
 * batch, are rewritten by If-Match; in a complete run missing ones are made, too. That costs a complete run one reading of all
 * its shards.
 *
 * @throws as produceRun
 */
export async function resumeRun(options: ProduceOptions): Promise<Produced> {
  const { folder, spec, logger } = options;
  await removeDamagedReport(folder, logger);
  const wasFinished = (await readFinished(folder)) !== null;
  const produced = await produceRun(options);
  if (!wasFinished && produced.outcome !== "incomplete") return produced;
  const before = await foldRun(folder, spec);
  const { problems, damagedBatches, missingBatches } = before;
  if (problems.total === 0) return withRightReport(folder, spec, produced, before);
  // What a run lacks that is not complete was tried a moment ago.
  const batchIds = [...new Set([...damagedBatches, ...(wasFinished ? missingBatches : [])])].sort();
  if (batchIds.length > 0) logger.warn(`repairing ${batchIds.length} batches whose shards are damaged or missing`);
  else if (!wasFinished) return produced;
  for (const problem of problems.kept.slice(0, loggedProblems)) logger.warn(problem.message);
  return rewriteRun({
    ...options,
    before,
    canBeHalted: !wasFinished,
    question: {
      batches: async function* () {
        for (const batchId of batchIds) yield { batchId, rewrite: await mendOf(folder, spec, batchId) };
      },
      left: (batchId) => mendOf(folder, spec, batchId),
      failedAgain: async () => 0,
    },
    conclude: () => (wasFinished ? replaceReport(folder, spec) : finalizeRun(folder, spec)),
  });
}

/** Without its report a run is one that is not finished, which ends with a new report. */
async function removeDamagedReport(folder: RunFolder, logger: Logger): Promise<void> {
  try {
    await readFinished(folder);
  } catch (error) {
    if (!hasCode(error, "RUN_INVALID")) throw error;
    logger.warn(`${toLabelfleetError(error).message}: it is written anew`);
    await folder.store.delete(folder.keyOf(runNames.report));
  }
}

/** A report that does not count what the records say is replaced. */
async function withRightReport(folder: RunFolder, spec: RunSpec, produced: Produced, fold: RunFold): Promise<Produced> {
  const { report } = produced;
  if (report === null) return produced;
  if (hasSameCounts(report, fold) && disagreementOf(report, spec, fold.images) === null) return produced;
  const replaced = await replaceReport(folder, spec);
  return { outcome: outcomeOf(replaced.report, spec), report: replaced.report };
}
