import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { knownRuns } from "@labelfleet/shared/redis/registry";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { LabelIndex } from "../labels/label-index.js";
import { LabelQueries } from "../labels/label-query.js";
import { LossLook } from "./loss-look.js";

/** Runs whose folder and input stay open, and those of them whose labels stay in memory. */
const maxOpenRuns = 8;
const maxIndexes = 2;
const searchedRuns = 1_000;

/** A run that somebody looks at. */
export interface OpenRun {
  folder: RunFolder;
  spec: RunSpec;
  input: ObjectStore;
  /** Whether it lost something since it was finished. */
  loss: LossLook;
  /** Its labels; made when they are asked for first. */
  labels(): { index: LabelIndex; queries: LabelQueries };
}

interface Entry {
  run: Promise<OpenRun>;
  users: number;
  labels: { index: LabelIndex; queries: LabelQueries } | null;
}

/** Opens runs by their id: only those that Redis names, so that a page cannot ask for any other folder. */
export class OpenRuns {
  readonly #redis: Redis;
  readonly #logger: Logger;
  readonly #isReadOnly: boolean;
  readonly #entries = new Map<string, Entry>();

  constructor(options: { redis: Redis; logger: Logger; isReadOnly: boolean }) {
    this.#redis = options.redis;
    this.#logger = options.logger;
    this.#isReadOnly = options.isReadOnly;
  }

  /** Does work on a run, which stays open at least until the work is done. @throws RUN_NOT_FOUND */
  async use<T>(runId: string, work: (run: OpenRun) => Promise<T>): Promise<T> {
    const { run, done } = await this.hold(runId);
    try {
      return await work(run);
    } finally {
      await done();
    }
  }

  /** The same for work that does not fit a function: the run stays open until `done`. @throws RUN_NOT_FOUND */
  async hold(runId: string): Promise<{ run: OpenRun; done: () => Promise<void> }> {
    const entry = this.#entries.get(runId) ?? this.#opened(runId);
    this.#entries.delete(runId);
    this.#entries.set(runId, entry);
    entry.users++;
    const done = async () => {
      entry.users--;
      await this.#closeUnused();
    };
    try {
      return { run: await entry.run, done };
    } catch (error) {
      await done();
      throw error;
    }
  }

  /** The index of a run's labels, when there is one. */
  indexOf(runId: string): LabelIndex | null {
    return this.#entries.get(runId)?.labels?.index ?? null;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((runId) => this.#close(runId)));
  }

  #opened(runId: string): Entry {
    const entry: Entry = { run: this.#open(runId, () => entry), users: 0, labels: null };
    this.#entries.set(runId, entry);
    entry.run.catch(() => {
      if (this.#entries.get(runId) === entry) this.#entries.delete(runId);
    });
    return entry;
  }

  async #open(runId: string, entryOf: () => Entry): Promise<OpenRun> {
    const known = (await knownRuns(this.#redis, searchedRuns)).find((run) => run.runId === runId);
    if (known === undefined) throw new LabelfleetError("RUN_NOT_FOUND", `no run ${runId} in this Redis`);
    const folder = await RunFolder.open(known.run);
    try {
      const spec = await folder.readSpec();
      const { store: input } = await openStore(spec.frozen.input);
      const labels = () => {
        const entry = entryOf();
        if (entry.labels === null) {
          const index = new LabelIndex({ folder, spec, logger: this.#logger, isReadOnly: this.#isReadOnly });
          entry.labels = { index, queries: new LabelQueries(index.table) };
        }
        return entry.labels;
      };
      return { folder, spec, input, labels, loss: new LossLook(folder, spec) };
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  async #closeUnused(): Promise<void> {
    let indexes = [...this.#entries.values()].filter(({ labels }) => labels !== null).length;
    for (const [runId, entry] of this.#entries) {
      if (this.#entries.size <= maxOpenRuns && indexes <= maxIndexes) return;
      const isWorthIt = this.#entries.size > maxOpenRuns || entry.labels !== null;
      if (entry.users > 0 || !isWorthIt) continue;
      if (entry.labels !== null) indexes--;
      await this.#close(runId);
    }
  }

  async #close(runId: string): Promise<void> {
    const entry = this.#entries.get(runId);
    this.#entries.delete(runId);
    const run = await entry?.run.catch(() => null);
    await entry?.labels?.index.close();
    await run?.input.close();
    await run?.folder.close();
  }
}
