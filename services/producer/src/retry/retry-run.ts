import { isDeepStrictEqual } from "node:util";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { checkNotCancelled } from "../control.js";
import { type Finalized, readFinished, replaceReport, reportOf } from "../finalize/finalize-run.js";
import type { Produced, ProduceOptions } from "../produce.js";
import { rewriteRun } from "../rewrite/rewrite-run.js";
import { chosenBatches } from "./chosen-batches.js";
import { rewriteOf } from "./rewrite-of.js";

/**
 * Does the failed images of a complete run again: those with the code, or all that may succeed later. Which they are is read
 * from the folder, so a retry that was killed is simply repeated; what it had done already is not chosen again. report.json is
 * replaced at the end, and _SUCCESS stays, because at any time every object has exactly one record per model.
 *
 * @throws RUN_INCOMPLETE when the run is not complete, RUN_CANCELLED when it never will be by itself; RUN_INVALID when a shard is missing or cannot be read
 */
export async function retryRun(options: ProduceOptions & { code: string | null }): Promise<Produced> {
  const { folder, spec, code } = options;
  const before = await checkComplete(folder);
  return rewriteRun({
    ...options,
    before,
    canBeHalted: false,
    question: {
      batches: () => chosenBatches(folder, spec, code),
      // Records of the pass that this retry began with, or of a later one, are done again, whoever did them.
      left: (batchId, pass) => rewriteOf(folder, spec, batchId, { code, belowPass: pass }),
      failedAgain: async (batchId) => {
        const left = await rewriteOf(folder, spec, batchId, { code, belowPass: Number.POSITIVE_INFINITY });
        return left?.images ?? 0;
      },
    },
    conclude: (chosen) => (chosen > 0 ? replaceReport(folder, spec) : keepReport(folder, spec, before)),
  });
}

/**
 * A retry that found nothing to do leaves the report with its times as it is, unless it is older than the records: a retry that was killed
 * may have done them.
 */
async function keepReport(folder: RunFolder, spec: RunSpec, before: RunReport): Promise<Finalized> {
  const { report, problems } = await reportOf(folder, spec);
  if (isDeepStrictEqual(countsOf(report), countsOf(before))) return { report: before, problems };
  return replaceReport(folder, spec);
}

/** Cloned, because counts that were read and those that were made differ in their prototypes. */
function countsOf({ complete, images, ok, failed, failedByCode, models }: RunReport) {
  return structuredClone({ complete, images, ok, failed, failedByCode, models });
}

/** The report of a complete run. @throws RUN_INCOMPLETE, RUN_CANCELLED */
export async function checkComplete(folder: RunFolder): Promise<RunReport> {
  const finished = await readFinished(folder);
  if (finished !== null) return finished;
  await checkNotCancelled(folder);
  throw new LabelfleetError(
    "RUN_INCOMPLETE",
    `${folder.uri} is not complete: finish it first with npx labelfleet resume ${folder.uri}`,
  );
}
