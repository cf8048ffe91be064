import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { exceedsMaxFailed } from "../feed/max-failed.js";

export type Outcome = "complete" | "incomplete" | "stopped" | "paused" | "cancelled" | "too-many-failed";

/** How a run that was fed to its end came out. */
export function outcomeOf(report: Pick<RunReport, "complete" | "images" | "failed">, spec: RunSpec): Outcome {
  if (!report.complete) return "incomplete";
  return exceedsMaxFailed(spec.overridable.maxFailed, report.images, report.failed) ? "too-many-failed" : "complete";
}
