import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { hasCode, toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { maxSegmentBytes } from "@labelfleet/shared/run/bounds";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import type { LabelTable } from "./label-table.js";
import { decodeSegment, encodeSegment, type SegmentShard } from "./segment.js";
import type { ShardId } from "./shard-columns.js";

const prefix = "index/";
/** Records in a segment: what a dashboard that starts again while a run goes on has to read anew is less than this. */
const segmentRecords = 200_000;

/** The index as it lies in the run's folder: `index/labels-<n>.bin`, each a list of shards with their columns. */
export class SegmentStore {
  readonly #folder: RunFolder;
  readonly #logger: Logger;
  /** Of each segment, the shards in it. */
  readonly #segments = new Map<number, ShardId[]>();
  readonly #segmentOf = new Map<string, number>();
  readonly #dirty = new Set<number>();
  #unwritten = new Map<string, ShardId>();
  #unwrittenRecords = 0;
  #writing: Promise<void> = Promise.resolve();
  /** Turns false where the folder may not be written: the index is then made anew by each dashboard. */
  #isWritable: boolean;

  constructor(options: { folder: RunFolder; spec: RunSpec; logger: Logger; isReadOnly: boolean }) {
    this.#folder = options.folder;
    this.#logger = options.logger;
    this.#isWritable = !options.isReadOnly;
  }

  /** Reads what was written by this dashboard or another. */
  async load(onShard: (shard: SegmentShard) => void): Promise<void> {
    for await (const { name } of this.#folder.list(prefix)) {
      const number = /^index\/labels-(\d{6})\.bin$/.exec(name)?.[1];
      if (number === undefined) continue;
      const shards = await this.#read(name);
      // Its number is taken all the same.
      this.#segments.set(Number(number), shards?.map(({ id }) => id) ?? []);
      for (const shard of shards ?? []) {
        this.#segmentOf.set(nameOf(shard.id), Number(number));
        onShard(shard);
      }
    }
  }

  /** null for what is no segment. */
  async #read(name: string): Promise<SegmentShard[] | null> {
    try {
      const stored = await this.#folder.readBytes(name, maxSegmentBytes);
      return stored && decodeSegment(stored.value);
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
      return null;
    }
  }

  /** A shard came into the table, new or in another version. */
  added(table: LabelTable, id: ShardId): void {
    const segment = this.#segmentOf.get(nameOf(id));
    if (segment !== undefined) {
      this.#dirty.add(segment);
      return;
    }
    this.#unwritten.set(nameOf(id), id);
    this.#unwrittenRecords += table.find(id.modelId, id.batchId)?.rows ?? 0;
    if (this.#unwrittenRecords >= segmentRecords) this.#writeNext(table);
  }

  /** A shard left the table. */
  removed(id: Pick<ShardId, "modelId" | "batchId">): void {
    const segment = this.#segmentOf.get(nameOf(id));
    if (segment !== undefined) this.#dirty.add(segment);
    this.#unwritten.delete(nameOf(id));
  }

  /** Writes what changed in segments, and of a finished run what does not fill one. */
  async flush(table: LabelTable, { isFinished }: { isFinished: boolean }): Promise<void> {
    if (isFinished && this.#unwritten.size > 0) this.#writeNext(table);
    for (const segment of this.#dirty) this.#write(segment, table, this.#segments.get(segment) ?? []);
    this.#dirty.clear();
    await this.#writing;
  }

  #writeNext(table: LabelTable): void {
    const shards = [...this.#unwritten.values()];
    this.#unwritten = new Map();
    this.#unwrittenRecords = 0;
    const segment = Math.max(-1, ...this.#segments.keys()) + 1;
    this.#segments.set(segment, shards);
    for (const id of shards) this.#segmentOf.set(nameOf(id), segment);
    this.#write(segment, table, shards);
  }

  #write(segment: number, table: LabelTable, shards: readonly ShardId[]): void {
    if (!this.#isWritable) return;
    const bytes = encodeSegment(
      shards.flatMap(({ modelId, batchId }) => {
        const shard = table.find(modelId, batchId);
        return shard === null ? [] : [sliceOf(table, shard)];
      }),
      { labels: table.labels.names, codes: table.codes.names },
    );
    const key = this.#folder.keyOf(`${prefix}labels-${String(segment).padStart(6, "0")}.bin`);
    this.#writing = this.#writing
      .then(async () => {
        if (this.#isWritable) await this.#folder.store.put(key, bytes, { contentType: "application/octet-stream" });
      })
      .catch((error: unknown) => {
        this.#isWritable = false;
        this.#logger.warn(`the index of labels is kept in memory only: ${toLabelfleetError(error).message}`);
      });
  }
}

function sliceOf(
  table: LabelTable,
  { modelId, batchId, etag, sizeBytes, firstRow, rows }: NonNullable<ReturnType<LabelTable["find"]>>,
) {
  const [from, to] = [firstRow, firstRow + rows];
  return {
    id: { modelId, batchId, etag, sizeBytes },
    columns: {
      probability: table.probability.slice(from, to),
      offset: table.offset.slice(from, to),
      label: table.label.slice(from, to),
      code: table.code.slice(from, to),
    },
  };
}

function nameOf({ modelId, batchId }: Pick<ShardId, "modelId" | "batchId">): string {
  return `${modelId}/${batchId}`;
}
