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
  #look: { loss: Promise<string | null>; atMs: number; finished: string } | null = null;

  constructor(folder: RunFolder, spec: RunSpec) {
    this.#folder = folder;
    this.#spec = spec;
  }

  /** In words; null when nothing is known to be lost. Pages that ask at once share a look; one that failed is not believed. */
  async of(report: RunReport, nowMs: number): Promise<string | null> {
    const { finished } = report;
    if (this.#look === null || nowMs - this.#look.atMs >= believedMs || this.#look.finished !== finished) {
      this.#look = { loss: this.#lossNow(report), atMs: nowMs, finished };
    }
    const look = this.#look;
    try {
      return await look.loss;
    } catch (error) {
      if (this.#look === look) this.#look = null;
      throw error;
    }
  }

  async #lossNow(report: RunReport): Promise<string | null> {
    try {
      return await lossOf(this.#folder, this.#spec, report);
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
      return toLabelfleetError(error).message;
    }
  }
}
