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
  const fold = await foldRun(folder, await folder.readSpec());
  return {
    complete: fold.isComplete,
    images: fold.images,
    records: fold.records,
    problemCount: fold.problems.total,
    problems: fold.problems.kept,
  };
}
