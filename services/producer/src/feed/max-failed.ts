import type { MaxFailed } from "@labelfleet/shared/contract/run-spec";

/** Below this many images a share says nothing yet. */
export const leastImagesForShare = 200;

/** Whether more images failed than --max-failed allows. */
export function hasTooManyFailed(maxFailed: MaxFailed, doneImages: number, failedImages: number): boolean {
  if (maxFailed.kind === "count") return failedImages > maxFailed.count;
  return doneImages >= leastImagesForShare && failedImages > maxFailed.share * doneImages;
}
