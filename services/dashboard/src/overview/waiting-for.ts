import { saturated, stageAdvice } from "@labelfleet/producer/report/bottleneck";
import { workerStages } from "@labelfleet/shared/contract/stats";
import type { WorkerBeat } from "@labelfleet/shared/redis/registry";

/** A worker's bottleneck in words: the one thing that would make it faster if there were more of it. */
export function waitingFor(beat: Pick<WorkerBeat, "batchesInHand" | "busy" | "inputPauses" | "slowReads">): string {
  const [pause] = beat.inputPauses;
  if (pause !== undefined) return `input ${pause.input} cannot be read (${pause.code})`;
  if (beat.batchesInHand === 0) return "waiting for batches";
  const busiest = workerStages.reduce((a, b) => (beat.busy[b] > beat.busy[a] ? b : a));
  const percent = Math.round(100 * beat.busy[busiest]);
  const { name } = stageAdvice[busiest];
  if (beat.busy[busiest] >= saturated) return `${name} (${percent} %)`;
  const [slow] = beat.slowReads;
  if (slow !== undefined) return `object ${slow.key} (read for ${Math.round(slow.forMs / 1000)} s)`;
  return `none (busiest: ${name}, ${percent} %)`;
}
