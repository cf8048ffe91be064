import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { within } from "@labelfleet/shared/shutdown";

/**
 * Waits for a note at the end of a run, for `boundMs` at most. Notes are for who looks on: one that is refused is told, one
 * that is not answered in time is left, and neither fails a run whose records lie in its folder.
 */
export function noteEnd(boundMs: number, note: Promise<void>, logger: Logger): Promise<void> {
  return within(boundMs, note).catch((error: unknown) => {
    logger.warn(`the end of the run is not noted: ${toLabelfleetError(error).message}`);
  });
}
