import type { Label } from "@labelfleet/models/labels";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { LabelfleetError } from "@labelfleet/shared/errors";
import type { RankedClass } from "../infer/messages.js";
import { RecordCompactor, rounded } from "./compact-record.js";

/** Who made the record, and for which model. */
export interface RecordContext {
  modelId: string;
  labels: readonly Label[];
  workerId: string;
  pass: number;
  /** The least probability that is kept; null to keep all of the top k. */
  threshold: number | null;
}

export interface ImageSize {
  widthPx: number;
  heightPx: number;
}

const maxMessageLength = 300;

export function okRecord(
  entry: ManifestEntry,
  size: ImageSize,
  ranked: RankedClass[],
  embedding: Float32Array | null,
  { modelId, labels, workerId, pass, threshold }: RecordContext,
): Prediction {
  return compactorOf(labels).compact({
    ...identity(entry, size),
    modelId,
    status: "ok",
    top: ranked
      .filter(({ probability }) => probability >= (threshold ?? 0))
      .map(({ index, probability }) => ({ index, label: labels[index]!.label, probability: rounded(probability) })),
    embedding: embedding && Array.from(embedding, rounded),
    errorCode: null,
    errorMessage: null,
    retryable: null,
    workerId,
    pass,
  });
}

/** One for each loaded model, so that its labels are there once. */
const compactors = new WeakMap<readonly Label[], RecordCompactor>();

function compactorOf(labels: readonly Label[]): RecordCompactor {
  const known = compactors.get(labels) ?? new RecordCompactor();
  compactors.set(labels, known);
  return known;
}

/** @param size known when the image was decoded before it failed */
export function failedRecord(
  entry: ManifestEntry,
  size: ImageSize | null,
  error: LabelfleetError,
  { modelId, workerId, pass }: RecordContext,
): Prediction {
  return {
    ...identity(entry, size),
    modelId,
    status: "failed",
    top: null,
    embedding: null,
    errorCode: error.code,
    errorMessage: error.message.slice(0, maxMessageLength),
    retryable: error.retryable,
    workerId,
    pass,
  };
}

function identity({ key, etag, sizeBytes }: ManifestEntry, size: ImageSize | null) {
  return { key, etag, sizeBytes, width: size?.widthPx ?? null, height: size?.heightPx ?? null };
}
