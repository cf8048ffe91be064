import type { Model } from "@labelfleet/models/model-folder";
import { precisionFor } from "@labelfleet/models/precision";
import type { Precision, RunSpec } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { formatUri, parseUri } from "@labelfleet/shared/storage/uri";

/** What decides what a record says, besides the object itself. */
interface Asked {
  /** A formatted address. */
  input: string;
  models: Model[];
  precision: Precision | null;
  topK: number;
  threshold: number | null;
  embeddings: boolean;
  background: string | null;
  mergeEqualObjects?: boolean;
}

/**
 * Whether the records of an earlier run say what this run's would. Returns the earlier run's formatted address.
 *
 * @throws RUN_NOT_FOUND, RUN_INVALID; USAGE when that run had another input or other models, or its records hold something else
 */
export async function checkSince(since: string, asked: Asked): Promise<string> {
  const address = formatUri(parseUri(since));
  const folder = await RunFolder.open(address);
  try {
    const difference = differenceOf((await folder.readSpec()).frozen, asked);
    if (difference === null) return folder.uri;
    throw new LabelfleetError("USAGE", `--since ${since} cannot be used: ${difference}; leave --since out`);
  } finally {
    await folder.close();
  }
}

function differenceOf(earlier: RunSpec["frozen"], asked: Asked): string | null {
  if (earlier.input !== asked.input) return `it labelled ${earlier.input}`;
  if (earlier.topK !== asked.topK) return `it had --top-k ${earlier.topK}`;
  if (earlier.threshold !== asked.threshold) return `it had ${earlier.threshold ?? "no"} --threshold`;
  if (earlier.embeddings !== asked.embeddings) return `it had ${earlier.embeddings ? "" : "no "}--embeddings`;
  if (earlier.background !== asked.background) {
    const flag = earlier.background === null ? "no --background" : `--background '${earlier.background}'`;
    return `it labelled transparent images with ${flag}`;
  }
  if (earlier.mergeEqualObjects && !asked.mergeEqualObjects) return "it had --merge-equal-objects";
  const known = new Set(earlier.models.map(({ sha256, precision }) => `${sha256} ${precision}`));
  const precisionOf = ({ card }: Model) => precisionFor(card, asked.precision);
  const other = asked.models.find((model) => !known.has(`${model.sha256} ${precisionOf(model)}`));
  return other === undefined ? null : `it did not use this ${other.card.id} in ${precisionOf(other)}`;
}
