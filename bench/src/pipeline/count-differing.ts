import type { BenchPhotos } from "./photos.js";
import { plainLabels } from "./plain-labels.js";
import { recordsOf } from "./records.js";

/** Photos whose best label in the run is not that of plain inference, or that have not exactly one record. */
export async function countDiffering(
  run: string,
  model: string,
  prefix: string,
  { folder, names }: BenchPhotos,
): Promise<number> {
  const plain = await plainLabels(model, folder, names);
  let differing = 0;
  const seen = new Set<string>();
  let repeated = 0;
  for await (const { key, top } of recordsOf(run)) {
    const name = key.slice(prefix.length);
    if (seen.has(name)) repeated += 1;
    seen.add(name);
    if (top?.[0]?.index !== plain.get(name)) differing += 1;
  }
  return differing + repeated + (names.length - seen.size);
}
