import type { Outcome } from "@labelfleet/producer/finalize/outcome";
import { errorCatalog } from "@labelfleet/shared/errors";

/** 0 done, 1 failed or incomplete, 3 more images failed than allowed. Wrong usage is 2, from the errors themselves. */
export function exitCodeOf(outcome: Outcome): number {
  if (outcome === "complete") return 0;
  return outcome === "too-many-failed" ? errorCatalog.TOO_MANY_FAILED.exitCode : errorCatalog.RUN_INCOMPLETE.exitCode;
}
