/**
 * The sizes that a batch may have where each new size makes the device plan anew: the powers of two, and the one that is found
 * best. A batch that is not full is cut down to one of them; the rest waits for its own time.
 */
export function largestBucket(images: number): number {
  return 2 ** Math.floor(Math.log2(images));
}

/** How far sizes are apart that are tried: doubled first, then ever closer around the best. */
export const stepFactors = [2, 1.5, 1.25, 1.125, 1.0625] as const;

/** The neighbours of a size at a distance: above and below, whole numbers other than itself. */
export function neighbours(size: number, factor: number): number[] {
  const sizes = [Math.round(size * factor), Math.round(size / factor)];
  return [...new Set(sizes)].filter((other) => other >= 1 && other !== size);
}
