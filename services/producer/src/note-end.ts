import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { within } from "@labelfleet/shared/shutdown";

/**
 * Waits for a note at the end of a run, for `boundMs` at most. Notes are for who looks on: one that cannot be made is told, and
 * fails no run whose records lie in its folder. Resolves to undefined then.
 */
export function noteEnd<T>(boundMs: number, note: Promise<T>, logger: Logger): Promise<T | undefined> {
  return within(boundMs, note).catch((error: unknown) => {
    logger.warn(`the end of the run is not noted: ${toLabelfleetError(error).message}`);
    return undefined;
  });
}
