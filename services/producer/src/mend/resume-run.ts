import { finalizeRun, readFinished, replaceReport } from "../finalize/finalize-run.js";
import { type Produced, type ProduceOptions, produceRun } from "../produce.js";
import { foldRun } from "../report/fold-run.js";
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
  const wasFinished = (await readFinished(folder)) !== null;
  const produced = await produceRun(options);
  if (!wasFinished && produced.outcome !== "incomplete") return produced;
  const before = await foldRun(folder, spec);
  const { problems, damagedBatches, missingBatches } = before;
  if (problems.total === 0) return produced;
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
