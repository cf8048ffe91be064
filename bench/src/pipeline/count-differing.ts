import type { BenchPhotos } from "./photos.js";
import { plainLabels } from "./plain-labels.js";
import { recordsOf } from "./records.js";

/**
 * Objects whose best label in the run is not that of plain inference, or that have not exactly one record.
 *
 * @param images objects of the run: each photo may have several keys, which end in its name
 */
export async function countDiffering(
  run: string,
  model: string,
  images: number,
  { folder, names }: BenchPhotos,
): Promise<number> {
  const plain = await plainLabels(model, folder, names);
  let differing = 0;
  const seen = new Set<string>();
  let repeated = 0;
  for await (const { key, top } of recordsOf(run)) {
    if (seen.has(key)) repeated += 1;
    seen.add(key);
    if (top?.[0]?.index !== plain.get(key.slice(key.lastIndexOf("/") + 1))) differing += 1;
  }
  return differing + repeated + (images - seen.size);
}
