import { type BatchJob, jobIdOf } from "@labelfleet/shared/contract/batch-job";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { Refused } from "@labelfleet/shared/queue/batch-consumer";
import { sleep } from "@labelfleet/shared/shutdown";
import { isInside, parseUri } from "@labelfleet/shared/storage/uri";

/** How long a run may take to be registered again, after Redis was emptied and its producer feeds anew. */
const registrationWaitMs = 5_000;
const lookEveryMs = 250;

export interface AdmissionOptions {
  /** `work --allow`: addresses within which runs are worked on, whoever registered them. Null: runs that a producer registered. */
  allow: readonly string[] | null;
  /** The address that a producer registered for a run of a lane, beside the queue; null when none did. */
  registeredRun: (lane: string, runId: string) => Promise<string | null>;
  wait?: (ms: number) => Promise<void>;
}

/**
 * Which runs this worker works on. Whoever can add a job to the queue names any address in it, and the worker would read and
 * write there with its own credentials; so the address must be one that the job did not bring along.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #wait: (ms: number) => Promise<void>;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#wait = options.wait ?? sleep;
  }

  /** Nothing of the run is read before this. @throws Refused */
  async checkJob(job: BatchJob, lane: string): Promise<void> {
    if (this.#options.allow !== null) return this.#checkAllowed(job, "the run", job.run);
    for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
      const registered = await this.#options.registeredRun(lane, job.runId);
      if (registered === job.run) return;
      if (registered !== null || waitedMs >= registrationWaitMs) {
        const why = registered === null ? "no producer registered this run" : `its producer registered ${registered}`;
        throw new Refused(
          `refused: ${job.run} is not a run of lane ${lane} (${why}); resume registers it, and work --allow takes it without that`,
        );
      }
      await this.#wait(lookEveryMs);
    }
  }

  /** What run.json names beside the run itself. @throws Refused */
  checkSpec(job: BatchJob, { runId, frozen }: RunSpec): void {
    if (runId !== job.runId) throw new Refused(`refused: job ${jobIdOf(job)} names ${job.run}, which is run ${runId}`);
    if (this.#options.allow === null) return;
    this.#checkAllowed(job, "its input", frozen.input);
    this.#checkAllowed(job, "its output", frozen.output);
    if (frozen.since !== null) this.#checkAllowed(job, "the run of its --since", frozen.since);
  }

  #checkAllowed(job: BatchJob, what: string, uri: string): void {
    const isAllowed = this.#options.allow?.some((allowed) => isWithin(uri, allowed)) ?? true;
    if (!isAllowed) throw new Refused(`refused: ${what} of job ${jobIdOf(job)}, ${uri}, is in no address of --allow`);
  }
}

function isWithin(uri: string, allowed: string): boolean {
  try {
    return isInside(parseUri(uri), parseUri(allowed));
  } catch {
    return false;
  }
}
