import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { maxOpenRuns } from "../bounds.js";
import { RunStats, type WorkerIdentity } from "../report/run-stats.js";
import { noWork, sumOf, type WorkTotals } from "../report/work-totals.js";
import type { Admission } from "./admission.js";
import type { BreakerPolicy } from "./breaker.js";
import { EarlierRun } from "./earlier-run.js";
import { EqualObjects } from "./equal-objects.js";
import type { ModelLoader, RunModel } from "./model-loader.js";
import { RunContext } from "./run-context.js";

/** Runs whose statistics are kept, because one that is opened again, or on another lane, goes on counting. */
const keptStats = 256;

export interface RunContextsOptions {
  redis: Redis;
  admission: Pick<Admission, "checkJob" | "checkSpec">;
  loader: ModelLoader;
  /** Called with the input of a run that is being opened, before its models are loaded. */
  onInput: (input: string) => void;
  identity: WorkerIdentity;
  breaker: BreakerPolicy;
  /** One line for people. */
  say: (line: string) => void;
  /** Called before a context is closed, to write its last statistics. */
  onClosing: (context: RunContext) => Promise<void>;
}

interface OpenRun {
  context: Promise<RunContext>;
  /** Batches in hand. */
  users: number;
}

/** Opens each run once, when its first batch arrives. */
export class RunContexts {
  readonly #options: RunContextsOptions;
  readonly #open = new Map<string, OpenRun>();
  /** Of each run one, as it has one file of them; those of open runs at least. The one opened or closed last comes last. */
  readonly #stats = new Map<string, RunStats>();
  readonly #loaded = new Set<RunContext>();
  #forgotten: WorkTotals = noWork();

  constructor(options: RunContextsOptions) {
    this.#options = options;
  }

  /** Does work on one batch of a run, which stays open at least until the work is done. */
  async use<T>(job: BatchJob, lane: string, work: (context: RunContext) => Promise<T>): Promise<T> {
    const id = `${lane} ${job.run}`;
    const run = this.#open.get(id) ?? { context: this.#start(job, lane), users: 0 };
    this.#open.delete(id);
    this.#open.set(id, run);
    run.users += 1;
    try {
      const context = await run.context.catch((error: unknown) => {
        if (this.#open.get(id) === run) this.#open.delete(id);
        throw error;
      });
      this.#options.admission.checkSpec(job, context.spec);
      return await work(context);
    } finally {
      run.users -= 1;
      await this.#closeUnused();
    }
  }

  get batchesInHand(): number {
    return [...this.#open.values()].reduce((sum, { users }) => sum + users, 0);
  }

  /** What was done for all runs since the start; never becomes less. */
  get totals(): WorkTotals {
    return sumOf([this.#forgotten, ...[...this.#stats.values()].map((run) => run.totals())]);
  }

  /** Open runs whose input cannot be read now; one that comes on two lanes counts once. */
  get paused(): number {
    const paused = [...this.#loaded].filter(({ input }) => input.pause !== null);
    return new Set(paused.map(({ spec }) => spec.runId)).size;
  }

  /** Those whose models are loaded; one that is being opened has nothing to tell yet. */
  get loaded(): RunContext[] {
    return [...this.#loaded];
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((id) => this.#close(id)));
  }

  async #start(job: BatchJob, lane: string): Promise<RunContext> {
    const { redis, admission, loader, onInput, identity, breaker, say } = this.#options;
    await admission.checkJob(job, lane);
    const folder = await RunFolder.open(job.run);
    let earlier: EarlierRun | null = null;
    try {
      const spec = await folder.readSpec();
      admission.checkSpec(job, spec);
      onInput(spec.frozen.input);
      earlier = spec.frozen.since === null ? null : await EarlierRun.open(spec.frozen.since);
      const models = await loadAll(loader, spec);
      const progress = new RunProgress(redis, lane, spec.runId);
      const stats = this.#stats.get(spec.runId) ?? new RunStats(identity, spec.runId);
      const { input, mergeEqualObjects } = spec.frozen;
      const warn = (line: string) => say(`${spec.runId}: ${line}`);
      const equal = mergeEqualObjects ? new EqualObjects(input, warn) : null;
      const context = new RunContext({ folder, spec, models, progress, stats, earlier, equal, breaker, say });
      this.#loaded.add(context);
      this.#keep(context);
      return context;
    } catch (error) {
      await earlier?.close();
      await folder.close();
      throw error;
    }
  }

  async #closeUnused(): Promise<void> {
    for (const [id, { users }] of this.#open) {
      if (this.#open.size <= maxOpenRuns) return;
      if (users === 0) await this.#close(id);
    }
  }

  async #close(id: string): Promise<void> {
    const run = this.#open.get(id);
    this.#open.delete(id);
    const context = await run?.context.catch(() => undefined);
    if (context === undefined) return;
    for (const model of context.models) this.#options.loader.release(model);
    this.#loaded.delete(context);
    this.#keep(context);
    await this.#options.onClosing(context);
    await context.close();
  }

  #keep({ spec, stats }: RunContext): void {
    this.#stats.delete(spec.runId);
    this.#stats.set(spec.runId, stats);
    if (this.#stats.size <= keptStats) return;
    const inUse = new Set([...this.#loaded].map((context) => context.stats));
    for (const [runId, oldest] of this.#stats) {
      if (inUse.has(oldest)) continue;
      this.#stats.delete(runId);
      this.#forgotten = sumOf([this.#forgotten, oldest.totals()]);
      return;
    }
  }
}

/** All models or none: what was loaded before another failed is let go. */
async function loadAll(loader: ModelLoader, { frozen }: RunSpec): Promise<RunModel[]> {
  const settled = await Promise.allSettled(frozen.models.map((ref) => loader.load(frozen, ref)));
  const failed = settled.find((result) => result.status === "rejected");
  const models = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (failed === undefined) return models;
  for (const model of models) loader.release(model);
  throw failed.reason;
}
