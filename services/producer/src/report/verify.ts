import { runNames } from "@labelfleet/shared/contract/run-names";
import { checkReport } from "@labelfleet/shared/run/check-report";
import type { Problem } from "@labelfleet/shared/run/problems";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { foldRun } from "./fold-run.js";

export interface Verification {
  complete: boolean;
  images: number;
  records: number;
  /** How many there are; `problems` holds the first thousand. */
  problemCount: number;
  problems: Problem[];
}

/** The proof, from the folder alone, that every listed object has exactly one record per model. @throws RUN_NOT_FOUND */
export async function verifyRun(folder: RunFolder): Promise<Verification> {
  const spec = await folder.readSpec();
  const fold = await foldRun(folder, spec);
  const isFinished = (await folder.store.head(folder.keyOf(runNames.success))) !== null;
  if (isFinished) await checkReport(folder, spec, fold, fold.problems);
  return {
    complete: fold.problems.total === 0,
    images: fold.images,
    records: fold.records,
    problemCount: fold.problems.total,
    problems: fold.problems.kept,
  };
}
