import type { MaxFailed } from "@labelfleet/shared/contract/run-spec";

/** While a run goes on, a share of fewer images than this says nothing yet. */
export const leastImagesForShare = 200;

/** Of a share that a percentage like 12.3 % became: it may be off in its last digit. */
const shareTolerance = 1e-12;

/** Whether a run that goes on is to be stopped, because more of its images failed so far than --max-failed allows. */
export function hasTooManyFailed(maxFailed: MaxFailed, doneImages: number, failedImages: number): boolean {
  if (maxFailed.kind === "share" && doneImages < leastImagesForShare) return false;
  return exceedsMaxFailed(maxFailed, doneImages, failedImages);
}

/** Whether more images of a run that is done failed than --max-failed allows: a share counts however few images there are. */
export function exceedsMaxFailed(maxFailed: MaxFailed, images: number, failedImages: number): boolean {
  if (maxFailed.kind === "count") return failedImages > maxFailed.count;
  return failedImages / Math.max(1, images) > maxFailed.share + shareTolerance;
}
