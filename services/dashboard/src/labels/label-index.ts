import { readFinished } from "@labelfleet/producer/finalize/finalize-run";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import type { IndexState } from "../api/labels.js";
import { IndexBuild } from "./index-build.js";
import { LabelTable } from "./label-table.js";
import { fileOf } from "./list-shards.js";
import { SegmentStore } from "./segment-store.js";
import type { ShardColumns, ShardId } from "./shard-columns.js";

/** How old the index of a run may become before its folder is listed again: one that goes on, one that is finished. */
const liveAgeMs = 10_000;
const finishedAgeMs = 60_000;

/**
 * The labels of one run: loaded from its folder where they were indexed before, extended by a thread that reads the shards that are
 * new or rewritten, and written back. It can be asked from the first shard on.
 */
export class LabelIndex {
  readonly table = new LabelTable();
  readonly #folder: RunFolder;
  readonly #spec: RunSpec;
  readonly #segments: SegmentStore;
  readonly #logger: Logger;
  readonly #waiters = new Set<() => void>();
  #build: IndexBuild | null = null;
  #running: Promise<void> | null = null;
  #builtMs = Number.NEGATIVE_INFINITY;
  #isExpired = false;
  /** Shards that found no room, by name: they are not read again. */
  readonly #refused = new Map<string, string>();
  #isFinished = false;
  #problem: string | null = null;
  #isClosed = false;

  constructor(options: { folder: RunFolder; spec: RunSpec; logger: Logger; isReadOnly: boolean }) {
    this.#folder = options.folder;
    this.#spec = options.spec;
    this.#logger = options.logger;
    this.#segments = new SegmentStore(options);
  }

  get state(): IndexState {
    return {
      records: this.table.records(),
      shards: this.table.shards.length,
      revision: this.table.revision,
      isBuilding: this.#running !== null,
      isComplete: this.#running === null && this.#isFinished && this.#refused.size === 0 && this.#problem === null,
      isFull: this.#refused.size > 0,
      problem: this.#problem,
    };
  }

  /** Looks for new shards in the background when that was a while ago. */
  refresh(nowMs = Date.now()): void {
    const maxAgeMs = this.#isFinished ? finishedAgeMs : liveAgeMs;
    if (this.#isClosed || this.#running !== null || nowMs - this.#builtMs < maxAgeMs) return;
    this.#running = this.#update()
      .catch((error: unknown) => {
        // Closing ends the thread in the middle of its work.
        if (this.#isClosed) return;
        this.#problem = toLabelfleetError(error).message;
        this.#logger.warn(`labels of ${this.#folder.uri}: ${this.#problem}`);
      })
      .finally(() => {
        this.#builtMs = this.#isExpired ? Number.NEGATIVE_INFINITY : Date.now();
        this.#isExpired = false;
        this.#running = null;
        this.#build = null;
        this.#wake();
      });
  }

  /** Something was done to the run: the next question looks at its folder again, also after a look that is under way now. */
  expire(): void {
    this.#builtMs = Number.NEGATIVE_INFINITY;
    this.#isExpired = this.#running !== null;
  }

  /** Waits for the first records, or until it is clear that there are none. */
  async untilFirstRecords(): Promise<void> {
    while (this.table.rows === 0 && this.#running !== null && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  /** Waits until everything is indexed that lay in the folder when it was looked at last, which is at most a minute ago. */
  async untilCurrent(): Promise<void> {
    await this.#running;
    this.refresh();
    await this.#running;
  }

  /** Waits until everything that lies in the folder now is indexed. */
  async untilAnew(): Promise<void> {
    this.expire();
    await this.untilCurrent();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#build?.stop();
    await this.#running;
    this.#wake();
  }

  async #update(): Promise<void> {
    this.#problem = null;
    // Before the listing: what is written after it is found by the next look.
    const report = await readFinished(this.#folder);
    const finished = report !== null;
    if (this.table.rows === 0) await this.#segments.load(({ id, columns }) => this.#add(id, columns));
    if (this.#isClosed) return;
    this.#build = new IndexBuild({
      run: this.#folder.uri,
      known: [...this.table.shards.map((shard) => this.#fileOf(shard)), ...this.#refused],
      onShard: (id, columns) => {
        if (this.#add(id, columns)) this.#segments.added(this.table, id);
      },
      onUnreadable: (name, message) => {
        this.#remove(name);
        this.#problem = message;
      },
    });
    const { listed, gone } = await this.#build.done;
    for (const name of gone) this.#remove(name);
    const names = new Set([...this.table.shards.map((shard) => this.#fileOf(shard)[0]), ...this.#refused.keys()]);
    this.#isFinished = finished && listed === names.size;
    if (report !== null && this.#refused.size === 0) this.#problem ??= this.#lackOf(report);
    await this.#segments.flush(this.table, { isFinished: finished });
  }

  #add(id: ShardId, columns: ShardColumns): boolean {
    const isAdded = this.table.add(id, columns);
    const [name, etag] = this.#fileOf(id);
    if (isAdded) this.#refused.delete(name);
    else this.#refused.set(name, etag);
    this.#wake();
    return isAdded;
  }

  /** A shard that is gone, or cannot be read any more. */
  #remove(name: string): void {
    this.#refused.delete(name);
    const shard = this.table.shards.find((known) => this.#fileOf(known)[0] === name);
    if (shard === undefined) return;
    this.table.remove(shard.modelId, shard.batchId);
    this.#segments.removed(shard);
    this.#wake();
  }

  /** What a finished run lacks by its own report; null when nothing. */
  #lackOf({ images }: RunReport): string | null {
    for (const { id } of this.#spec.frozen.models) {
      const records = this.table.records(id);
      if (records === images) continue;
      const verify = `npx labelfleet verify ${this.#folder.uri}`;
      return `The run is not complete: ${records} of ${images} records of ${id} are there. To see which are missing: ${verify}`;
    }
    return null;
  }

  #fileOf(id: ShardId): [name: string, etag: string] {
    return [fileOf(id, this.#spec).name, id.etag];
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }
}
