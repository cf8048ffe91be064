import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { Histograms } from "../labels/histograms.js";
import type { LabelFilter } from "../labels/match-rows.js";
import type { LabelSort } from "../labels/sort-rows.js";

export type { Histograms, LabelFilter, LabelSort };

/** How far the index of a run's labels is. */
export interface IndexState {
  records: number;
  shards: number;
  /** Changes when records are added or replaced. */
  revision: number;
  isBuilding: boolean;
  /** Every record of a finished run is in it. */
  isComplete: boolean;
  /** The run has more records than an index holds. */
  isFull: boolean;
  /** Why it lacks something, in words. */
  problem: string | null;
}

/** GET /api/runs/<id>/labels: one page of the records that a filter wants. */
export interface LabelPage {
  index: IndexState;
  modelIds: string[];
  /** Records that match, on all pages. */
  total: number;
  offset: number;
  records: LabelledImage[];
  histograms: Histograms;
  /** Labels and error codes that occur in the run. */
  labels: string[];
  errorCodes: string[];
}

/** Where a record lies: its shard, and its place there from 0. */
export interface RecordPlace {
  modelId: string;
  batchId: string;
  row: number;
}

export interface LabelledImage extends RecordPlace {
  key: string;
  status: Prediction["status"];
  label: string | null;
  probability: number | null;
  errorCode: string | null;
  /** What the model that this one is compared with says of the image. */
  other: { modelId: string; label: string | null; probability: number } | null;
}

/** GET /api/runs/<id>/records/<model>/<batch>/<row>: everything about one image. */
export interface ImageDetail {
  place: RecordPlace;
  /** Where the image lies. */
  address: string;
  /** Where its record lies: the shard's address, and the line (or row) in it from 1. */
  shard: string;
  line: number;
  record: Prediction;
  /** What the run's other models say of the same image. */
  others: Prediction[];
}

/** GET /api/runs/<id>/failures */
export interface Failures {
  index: IndexState;
  codes: { code: string; count: number; samples: (RecordPlace & { key: string; message: string })[] }[];
}
