import { type WorkerStage, workerStages } from "@labelfleet/shared/contract/stats";

type PerStage = Record<WorkerStage, number>;

/** How busy each stage's slots were between two looks at the stage clocks of all open runs. */
export class BusyShares {
  #lastMs: number;
  #last: PerStage = { fetch: 0, decode: 0, infer: 0, write: 0 };

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** Shares of the slots' time since the call before, each within 0..1. A run that was closed meanwhile takes its time along. */
  since(runs: PerStage[], slots: PerStage, nowMs: number): PerStage {
    const elapsedMs = Math.max(1, nowMs - this.#lastMs);
    const shares = {} as PerStage;
    for (const stage of workerStages) {
      const busyMs = runs.reduce((sum, run) => sum + run[stage], 0);
      const share = (busyMs - this.#last[stage]) / (elapsedMs * Math.max(1, slots[stage]));
      shares[stage] = Math.round(100 * Math.min(1, Math.max(0, share))) / 100;
      this.#last[stage] = busyMs;
    }
    this.#lastMs = nowMs;
    return shares;
  }
}
