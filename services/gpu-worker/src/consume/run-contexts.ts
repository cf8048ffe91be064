import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { RunStats, type WorkerIdentity } from "../report/run-stats.js";
import type { BreakerPolicy } from "./breaker.js";
import type { ModelLoader } from "./model-loader.js";
import { RunContext } from "./run-context.js";

/** Runs that a worker keeps open; the one longest unused is closed when another comes. */
const maxOpenRuns = 16;

export interface RunContextsOptions {
  redis: Redis;
  loader: ModelLoader;
  identity: WorkerIdentity;
  breaker: BreakerPolicy;
  /** One line for people. */
  say: (line: string) => void;
  /** Called before a context is closed, to write its last statistics. */
  onClosing: (context: RunContext) => Promise<void>;
}

/** Opens each run once, when its first batch arrives. */
export class RunContexts {
  readonly #options: RunContextsOptions;
  readonly #open = new Map<string, Promise<RunContext>>();

  constructor(options: RunContextsOptions) {
    this.#options = options;
  }

  async of(job: BatchJob, lane: string): Promise<RunContext> {
    const id = `${lane} ${job.run}`;
    const opening = this.#open.get(id) ?? this.#start(job, lane);
    this.#open.delete(id);
    this.#open.set(id, opening);
    if (this.#open.size > maxOpenRuns) void this.#close(this.#open.keys().next().value!);
    try {
      return await opening;
    } catch (error) {
      this.#open.delete(id);
      throw error;
    }
  }

  async all(): Promise<RunContext[]> {
    const settled = await Promise.allSettled(this.#open.values());
    return settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((id) => this.#close(id)));
  }

  async #start(job: BatchJob, lane: string): Promise<RunContext> {
    const { redis, loader, identity, breaker, say } = this.#options;
    const folder = await RunFolder.open(job.run);
    try {
      const spec = await folder.readSpec();
      const models = await Promise.all(spec.frozen.models.map((ref) => loader.load(spec.frozen.output, ref)));
      const progress = new RunProgress(redis, lane, spec.runId);
      const stats = new RunStats(identity, spec.runId);
      return new RunContext({ folder, spec, models, progress, stats, breaker, say });
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  async #close(id: string): Promise<void> {
    const opening = this.#open.get(id);
    this.#open.delete(id);
    const context = await opening?.catch(() => undefined);
    if (context === undefined) return;
    await this.#options.onClosing(context);
    await context.close();
  }
}
