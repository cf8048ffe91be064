import { runNames } from "@labelfleet/shared/contract/run-names";
import { type RunReport, runReportSchema } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { hasCode } from "@labelfleet/shared/errors";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { buildReport } from "../report/build-report.js";
import { foldRun } from "../report/fold-run.js";
import type { Problem } from "../report/problems.js";
import { readStats } from "../report/read-stats.js";

export interface Finalized {
  report: RunReport;
  /** Why the run is not complete, the first of them; empty when it is. */
  problems: Problem[];
}

/** The report of a run that was finalized, or null. */
export async function readFinished(folder: RunFolder): Promise<RunReport | null> {
  if ((await folder.readBytes(runNames.success)) === null) return null;
  return (await folder.readJson(runNames.report, runReportSchema))?.value ?? null;
}

/** The report as of now, from the folder alone; nothing is written. */
export async function reportOf(folder: RunFolder, spec: RunSpec): Promise<Finalized> {
  const [fold, stats] = await Promise.all([foldRun(folder, spec), readStats(folder)]);
  return { report: buildReport({ run: folder.uri, spec, fold, stats }), problems: fold.problems.kept };
}

/**
 * Checks the folder and, when every record is there, writes report.json and then _SUCCESS. Doing it twice, or in two
 * producers at once, is harmless: both read the same shards, and _SUCCESS never lies there without a report.
 */
export async function finalizeRun(folder: RunFolder, spec: RunSpec): Promise<Finalized> {
  const finished = await readFinished(folder);
  if (finished !== null) return { report: finished, problems: [] };
  const finalized = await reportOf(folder, spec);
  if (finalized.report.complete) {
    await folder.writeJson(runNames.report, finalized.report);
    await folder.writeFirst(runNames.success, new Uint8Array(), "text/plain");
    // What killed workers left half written is in no listing, but takes space.
    await folder.store.removeAbandoned(folder.prefix);
  }
  return finalized;
}

const replaceAttempts = 5;

/**
 * A new report.json for a complete run whose shards were rewritten. The report that is replaced was read before the shards, so
 * what a newer look at them wrote meanwhile is never replaced by an older one; then this looks again.
 *
 * @throws PRECONDITION_FAILED when others replace it all the time
 */
export async function replaceReport(folder: RunFolder, spec: RunSpec): Promise<Finalized> {
  for (let attempt = 1; ; attempt++) {
    const before = await folder.readBytes(runNames.report);
    const finalized = await reportOf(folder, spec);
    if (!finalized.report.complete) return finalized;
    try {
      await folder.replaceJson(
        runNames.report,
        finalized.report,
        spec.frozen.conditionalPut ? before?.etag : undefined,
      );
      return finalized;
    } catch (error) {
      if (!hasCode(error, "PRECONDITION_FAILED") || attempt === replaceAttempts) throw error;
    }
  }
}
