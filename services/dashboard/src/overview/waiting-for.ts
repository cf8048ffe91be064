import { saturated, stageAdvice } from "@labelfleet/producer/report/bottleneck";
import { workerStages } from "@labelfleet/shared/contract/stats";
import type { WorkerBeat } from "@labelfleet/shared/redis/registry";

/** In words, what a worker waits for: the one thing that would make it faster if there were more of it. */
export function waitingFor(beat: Pick<WorkerBeat, "batchesInHand" | "busy" | "inputPauses">): string {
  const [pause] = beat.inputPauses;
  if (pause !== undefined) return `${pause.input}, which cannot be read (${pause.code})`;
  if (beat.batchesInHand === 0) return "batches";
  const busiest = workerStages.reduce((a, b) => (beat.busy[b] > beat.busy[a] ? b : a));
  const percent = Math.round(100 * beat.busy[busiest]);
  if (beat.busy[busiest] < saturated) return `no stage: the busiest is ${busiest}, ${percent} % busy`;
  return `${busiest}: the ${stageAdvice[busiest].slots} are ${percent} % busy`;
}
