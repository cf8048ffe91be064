import type { WorkerStage } from "@labelfleet/shared/contract/stats";
import type { ThreadPlan } from "./cores.js";

const imagesPerInferThread = 32;
/** One batch that is computed, the next one, and one that gathers. */
const batchesGathering = 3;
/** Where models take turns, the more images wait for one, the less often it is loaded. */
const imagesPerTurn = 512;

/** Runs that a worker keeps open, and their inputs; of those that nobody uses, the one longest unused is closed first. */
export const maxOpenRuns = 16;

/** After the grace time, how long batches may take to let go before the process ends without them. */
export const letGoMs = 5_000;

/** Batches in hand: the one that is being finished and the next at least, more when batches are small. */
export const batchSlotBounds = { min: 2, max: 16 } as const;

/**
 * Images between fetch and inference: enough that no stage waits for another across batches, and no more, because they are
 * what a kill makes others do again.
 */
export function maxImagesInFlight(
  plan: ThreadPlan,
  { largestBatch, takesTurns }: { largestBatch: number; takesTurns: boolean } = { largestBatch: 1, takesTurns: false },
): number {
  const byBatch = takesTurns ? imagesPerTurn : batchesGathering * largestBatch;
  return Math.max(imagesPerInferThread * plan.inferThreads, byBatch);
}

/** Batches that together keep the pipeline full while the oldest of them ends. */
export function batchSlotsFor(batchImages: number, imagesInFlight: number): number {
  const needed = 1 + Math.ceil(imagesInFlight / batchImages);
  return Math.min(batchSlotBounds.max, Math.max(batchSlotBounds.min, needed));
}

/** How many images each stage can work on at once. */
export function stageSlots(plan: ThreadPlan, inferSlots: number): Record<WorkerStage, number> {
  return {
    fetch: plan.fetchSlotsPerLoader * plan.loaderThreads,
    decode: plan.decodeSlots,
    infer: inferSlots,
    write: batchSlotBounds.max,
  };
}
