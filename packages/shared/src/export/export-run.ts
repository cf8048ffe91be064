import type { Prediction } from "../contract/prediction.js";
import type { RunSpec } from "../contract/run-spec.js";
import { ManifestCheck, recordsByImage } from "../run/record-stream.js";
import type { RunFolder } from "../run/run-folder.js";
import type { Encoder } from "./encoder.js";

/** Text is handed on in pieces of about this length. */
const pieceLength = 64 * 1024;

/** Which records are exported; null does not restrict. */
export interface ExportFilter {
  modelId: string | null;
  status: Prediction["status"] | null;
  /** The most probable label. */
  label: string | null;
}

export interface ExportCounts {
  images: number;
  records: number;
}

/**
 * The records of a run that the filter wants, as text, in key order and with memory for a few batches.
 *
 * @param counts counted up as the export goes on
 * @param check told what the export lacks, and what was left out of it because it is not of the run
 * @throws RUN_INVALID for a shard that cannot be read
 */
export async function* exportRun(options: {
  folder: RunFolder;
  spec: RunSpec;
  encoder: Encoder;
  filter: ExportFilter;
  counts: ExportCounts;
  check?: ManifestCheck;
}): AsyncGenerator<string> {
  const { folder, spec, encoder, filter, counts, check = new ManifestCheck() } = options;
  const modelIds = spec.frozen.models.map(({ id }) => id);
  const wantedIds = filter.modelId === null ? modelIds : modelIds.filter((id) => id === filter.modelId);
  let piece = encoder.start;
  for await (const image of recordsByImage(folder, spec, wantedIds, check)) {
    const records = image.filter((record) => isWanted(record, filter));
    if (records.length === 0) continue;
    counts.images++;
    counts.records += records.length;
    piece += encoder.image(records);
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  yield piece + encoder.end;
}

function isWanted(record: Prediction, { status, label }: ExportFilter): boolean {
  if (status !== null && record.status !== status) return false;
  return label === null || record.top?.[0]?.label === label;
}
