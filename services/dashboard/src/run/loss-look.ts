import { lossOf } from "@labelfleet/producer/report/stored-sizes";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { hasCode, toLabelfleetError } from "@labelfleet/shared/errors";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";

/** A look lists the whole run, and the page asks every second. */
const believedMs = 60_000;

/** What a finished run has lost since its report was written, looked at once in a while. */
export class LossLook {
  readonly #folder: RunFolder;
  readonly #spec: RunSpec;
  #loss: string | null = null;
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** When the report was written that the last look was about. */
  #finished = "";

  constructor(folder: RunFolder, spec: RunSpec) {
    this.#folder = folder;
    this.#spec = spec;
  }

  /** In words; null when nothing is known to be lost. */
  async of(report: RunReport, nowMs: number): Promise<string | null> {
    if (nowMs - this.#lookedMs < believedMs && this.#finished === report.finished) return this.#loss;
    this.#lookedMs = nowMs;
    this.#finished = report.finished;
    this.#loss = await lossOf(this.#folder, this.#spec, report).catch((error: unknown) => {
      if (!hasCode(error, "RUN_INVALID")) throw error;
      return toLabelfleetError(error).message;
    });
    return this.#loss;
  }
}
