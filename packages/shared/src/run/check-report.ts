import { runNames } from "../contract/run-names.js";
import { type RunReport, runReportSchema } from "../contract/run-report.js";
import type { RunSpec } from "../contract/run-spec.js";
import { hasCode, toLabelfleetError } from "../errors.js";
import type { Problems } from "./problems.js";
import type { RunFolder } from "./run-folder.js";

/** Compares report.json of a finished run with what its manifest lists, and with itself. A run without one has nothing wrong. */
export async function checkReport(
  folder: RunFolder,
  spec: RunSpec,
  listed: { images: number },
  problems: Problems,
): Promise<void> {
  try {
    const report = (await folder.readJson(runNames.report, runReportSchema))?.value;
    const what = report === undefined ? null : disagreementOf(report, spec, listed.images);
    if (what !== null) problems.add("report-wrong", runNames.report, `${runNames.report} ${what}`);
  } catch (error) {
    if (!hasCode(error, "RUN_INVALID")) throw error;
    problems.add("report-wrong", runNames.report, toLabelfleetError(error).message);
  }
}

/** In what a report cannot be that of a complete run with so many images in its manifest; null when it may be. */
export function disagreementOf(
  report: Pick<RunReport, "images" | "ok" | "failed" | "models">,
  spec: RunSpec,
  listedImages: number,
): string | null {
  if (report.images !== listedImages) return `counts ${report.images} images, the manifest ${listedImages}`;
  if (report.ok + report.failed !== report.images) {
    return `counts ${report.ok} ok and ${report.failed} failed of ${report.images} images`;
  }
  for (const { id } of spec.frozen.models) {
    const counts = report.models.find((model) => model.id === id);
    const records = counts === undefined ? 0 : counts.ok + counts.failed;
    if (records !== listedImages)
      return `counts ${records} records of model ${id}, the manifest ${listedImages} images`;
  }
  return null;
}
