import { runNames } from "@labelfleet/shared/contract/run-names";
import { type RunReport, runReportSchema } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import type { Problem } from "@labelfleet/shared/run/problems";
import type { RunFolder, Stored } from "@labelfleet/shared/run/run-folder";
import { buildReport } from "../report/build-report.js";
import { foldRun } from "../report/fold-run.js";
import { readStats } from "../report/read-stats.js";
import { storedSizes } from "../report/stored-sizes.js";

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
  const report = buildReport({ run: folder.uri, spec, fold, stats });
  if (report.complete) report.stored = await storedSizes(folder);
  return { report, problems: fold.problems.kept };
}

/**
 * Checks the folder and, when every record is there, writes report.json and then _SUCCESS. Of several finalizers at once the
 * first one's report stays: all read the same shards, and who comes too late, however late, gives the report that lies there.
 */
export async function finalizeRun(folder: RunFolder, spec: RunSpec): Promise<Finalized> {
  const finished = await readFinished(folder);
  if (finished !== null) return { report: finished, problems: [] };
  // Left by a finalizer that died before _SUCCESS. Read before the shards, so that nothing newer than they is replaced.
  const left = await folder.readBytes(runNames.report);
  const finalized = await reportOf(folder, spec);
  if (!finalized.report.complete) return finalized;
  if (!(await writeReport(folder, spec, finalized.report, left))) {
    const first = await folder.readJson(runNames.report, runReportSchema);
    if (first !== null) finalized.report = first.value;
  }
  await folder.writeFirst(runNames.success, new Uint8Array(), "text/plain");
  // What killed workers left half written is in no listing, but takes space.
  await folder.store.removeAbandoned(folder.prefix);
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
  for (let attempt = 1; attempt <= replaceAttempts; attempt++) {
    const before = await folder.readBytes(runNames.report);
    const finalized = await reportOf(folder, spec);
    if (!finalized.report.complete || (await writeReport(folder, spec, finalized.report, before))) return finalized;
  }
  throw new LabelfleetError(
    "PRECONDITION_FAILED",
    `${folder.uri}${runNames.report} keeps being replaced by others; run the command again`,
  );
}

/** Writes report.json where `before` still lies there, or nothing where it is null. Returns whether it did. */
async function writeReport(
  folder: RunFolder,
  spec: RunSpec,
  report: RunReport,
  before: Stored<Buffer> | null,
): Promise<boolean> {
  if (before === null) return folder.writeJsonFirst(runNames.report, report);
  try {
    await folder.replaceJson(runNames.report, report, spec.frozen.conditionalPut ? before.etag : undefined);
    return true;
  } catch (error) {
    if (!hasCode(error, "PRECONDITION_FAILED")) throw error;
    return false;
  }
}
