import type { WorkerStage } from "@labelfleet/shared/contract/stats";

export interface StageLoad {
  stage: WorkerStage;
  /** Busy seconds over the seconds that all slots had. */
  utilisation: number;
}

/** A stage this busy sets the pace. */
export const saturated = 0.75;

/** A stage's name in text, what it is called when it sets the pace, what its slots are, and what helps. */
export const stageAdvice: Record<WorkerStage, { name: string; bound: string; slots: string; remedy: string }> = {
  fetch: {
    name: "fetch",
    bound: "storage-bound",
    slots: "fetches",
    remedy: "bring the workers nearer to the bucket, or add workers",
  },
  decode: { name: "decode", bound: "decode-bound", slots: "decode slots", remedy: "add CPU cores or workers" },
  infer: { name: "inference", bound: "inference-bound", slots: "infer threads", remedy: "add workers or a GPU" },
  write: {
    name: "write",
    bound: "output-bound",
    slots: "shard writes",
    remedy: "make the batches larger with --batch-images",
  },
};

/** The one sentence of the report that names what set the pace, and what to do about it. */
export function bottleneckOf(stages: StageLoad[]): string {
  const busiest = stages.toSorted((a, b) => b.utilisation - a.utilisation)[0];
  if (busiest === undefined || busiest.utilisation === 0) return "No worker processed this run";
  const percent = Math.min(100, Math.round(100 * busiest.utilisation));
  const { name, bound, slots, remedy } = stageAdvice[busiest.stage];
  if (busiest.utilisation >= saturated) return `${bound}: the ${slots} were busy ${percent} % of the time; ${remedy}`;
  return `No clear bottleneck (busiest: ${name}, ${percent} %)`;
}
