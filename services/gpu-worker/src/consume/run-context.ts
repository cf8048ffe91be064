import { type BatchJob, jobIdOf } from "@labelfleet/shared/contract/batch-job";
import { chunkIdOf, partsOfBatchId } from "@labelfleet/shared/contract/ids";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { sleep } from "@labelfleet/shared/shutdown";
import type { RunStats } from "../report/run-stats.js";
import type { BreakerPolicy } from "./breaker.js";
import { ChunkCache } from "./chunk-cache.js";
import { ControlRead } from "./control-read.js";
import type { EarlierRun } from "./earlier-run.js";
import type { EqualObjects } from "./equal-objects.js";
import { InputGate } from "./input-gate.js";
import type { RunModel } from "./model-loader.js";
import { RecordKeeper } from "./record-keeper.js";

/** Chunks that stay parsed: batches come in order, so the last two are the ones in use. */
const keptChunks = 2;

/** Every listing has it. */
const firstRange = "r000";

/** Where a job's kept records lie. Two rewrites of one pass may mean different records. */
export function recordsKeyOf(job: BatchJob): string {
  return `${jobIdOf(job)}.${job.mend ? "mend" : (job.retryCode ?? "")}`;
}

/** Everything a worker holds of one run while it works on it. */
export class RunContext {
  readonly folder: RunFolder;
  readonly spec: RunSpec;
  readonly models: RunModel[];
  readonly progress: RunProgress;
  readonly stats: RunStats;
  /** Records that batches in hand need not make anew. */
  readonly records = new RecordKeeper();
  /** Of each batch in a first pass, from its start until it is counted: how many images are labelled. */
  readonly labelled = new Map<string, number>();
  /** Has objects of one content labelled once; null where each is read. */
  readonly equal: EqualObjects | null;
  /** The run whose records are carried over where the object has not changed, or null. */
  readonly earlier: EarlierRun | null;
  /** Holds images back while the input cannot be read at all. */
  readonly input: InputGate;
  readonly control: ControlRead;
  readonly #chunks: ChunkCache;

  constructor(parts: {
    folder: RunFolder;
    spec: RunSpec;
    models: RunModel[];
    progress: RunProgress;
    stats: RunStats;
    earlier: EarlierRun | null;
    equal: EqualObjects | null;
    breaker: BreakerPolicy;
    /** One line for people. */
    say: (line: string) => void;
  }) {
    this.folder = parts.folder;
    this.spec = parts.spec;
    this.models = parts.models;
    this.progress = parts.progress;
    this.stats = parts.stats;
    this.earlier = parts.earlier;
    this.equal = parts.equal;
    this.#chunks = new ChunkCache(parts.folder, keptChunks);
    this.control = new ControlRead(this.spec.frozen.input, () => this.#chunks.get(chunkIdOf(firstRange, 0)));
    this.input = new InputGate({
      policy: parts.breaker,
      probe: () => this.control.probe(),
      nowMs: () => performance.now(),
      sleep,
      say: (line) => parts.say(`${this.spec.runId}: ${line}`),
    });
  }

  /** The batch's slice of its manifest chunk. @throws RUN_INVALID when the chunk has no such slice */
  async entriesOf(job: BatchJob): Promise<ManifestEntry[]> {
    const { n } = partsOfBatchId(job.batchId);
    const { batchImages } = this.spec.frozen;
    const chunk = await this.#chunks.get(job.chunk);
    const entries = chunk.slice(n * batchImages, (n + 1) * batchImages);
    if (entries.length === 0) throw new LabelfleetError("RUN_INVALID", `${job.run} has no batch ${job.batchId}`);
    return entries;
  }

  async close(): Promise<void> {
    this.input.close();
    await this.control.close();
    await this.earlier?.close();
    await this.folder.close();
  }
}
