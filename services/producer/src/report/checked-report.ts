import { runNames } from "@labelfleet/shared/contract/run-names";
import { type RunReport, runReportSchema } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { hasCode } from "@labelfleet/shared/errors";
import { checkReport } from "@labelfleet/shared/run/check-report";
import type { Problem } from "@labelfleet/shared/run/problems";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { buildReport } from "./build-report.js";
import { foldRun, type RunFold } from "./fold-run.js";
import { readStats } from "./read-stats.js";
import { lossOf } from "./stored-sizes.js";

export interface CheckedReport {
  report: RunReport;
  /** What a finished run lost since; the first thousand. None for a run that is not finished, whose report says so. */
  problems: Problem[];
  problemCount: number;
}

/**
 * The report of a run: the one that was written, where listings show that the folder is as it was then; otherwise what the records
 * say now, which costs one reading of all shards.
 */
export async function checkedReport(folder: RunFolder, spec: RunSpec): Promise<CheckedReport> {
  const isFinished = (await folder.store.head(folder.keyOf(runNames.success))) !== null;
  const written = isFinished ? await writtenReport(folder) : null;
  if (written !== null && (await looksWhole(folder, spec, written))) {
    return { report: written, problems: [], problemCount: 0 };
  }
  const [fold, stats] = await Promise.all([foldRun(folder, spec), readStats(folder)]);
  const report = buildReport({ run: folder.uri, spec, fold, stats });
  if (!isFinished) return { report, problems: [], problemCount: 0 };
  await checkReport(folder, spec, fold, fold.problems);
  // Where each image has its record, a report that is damaged or counts wrongly is a problem still.
  const isWhole = fold.problems.total === 0;
  // A retry that was killed has rewritten shards, and left the report that tells of the time before.
  return {
    report: written !== null && isWhole ? written : { ...report, complete: report.complete && isWhole },
    problems: fold.problems.kept,
    problemCount: fold.problems.total,
  };
}

async function looksWhole(folder: RunFolder, spec: RunSpec, written: RunReport): Promise<boolean> {
  // Without sizes a shard that was cut would not be seen.
  if (written.stored === undefined) return false;
  try {
    return (await lossOf(folder, spec, written)) === null;
  } catch (error) {
    if (hasCode(error, "RUN_INVALID")) return false;
    throw error;
  }
}

/** null where it is missing, or damaged: then the records are counted anew. */
async function writtenReport(folder: RunFolder): Promise<RunReport | null> {
  try {
    return (await folder.readJson(runNames.report, runReportSchema))?.value ?? null;
  } catch (error) {
    if (hasCode(error, "RUN_INVALID")) return null;
    throw error;
  }
}

/** Whether a written report counts what the records say. */
export function hasSameCounts(written: RunReport, fold: Pick<RunFold, "images" | "ok" | "failed">): boolean {
  return written.images === fold.images && written.ok === fold.ok && written.failed === fold.failed;
}
