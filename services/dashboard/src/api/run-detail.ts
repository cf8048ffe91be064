import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { WorkerStage } from "@labelfleet/shared/contract/stats";
import type { RunLine, Series } from "./overview.js";

export type { RunReport, RunSpec };

/** GET /api/runs/<id>, and what its event stream sends. */
export interface RunDetail {
  atMs: number;
  line: RunLine;
  /** run.json */
  spec: RunSpec;
  /** report.json of a finished run. */
  report: RunReport | null;
  /** What a finished run seems to have lost since, in words; null when nothing. */
  loss: string | null;
  /** What the listing left out, a part for each reason; empty before the report is there. */
  skipped: string[];
  /** Images per second over the whole run. */
  throughput: Series;
  stages: { stage: WorkerStage; utilisation: number; share: number; count: number; busySeconds: number }[];
  /** What set the pace, and what to do about it. */
  verdict: string;
  /** Inference batches by their number of images, ascending. */
  batchSizes: { images: number; batches: number }[];
  models: { id: string; ok: number; failed: number }[];
  workers: RunReport["workers"];
  /** Workers on the run's lane now. */
  laneWorkers: number;
}
