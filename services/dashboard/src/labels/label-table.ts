import { Dictionary } from "./dictionary.js";
import type { ShardColumns, ShardId } from "./shard-columns.js";

/** Rows beyond these are not indexed: a row number and a probability fit one sorting key up to here (sort-rows.ts). */
export const maxRows = 2 ** 23;

const firstCapacity = 65_536;

/** Where a shard's records lie in the table. */
export interface IndexedShard extends ShardId {
  firstRow: number;
  rows: number;
}

/**
 * Every record of a run in 16 bytes, column by column: what filters and sorts need. The rest of a record is read from its
 * shard when it is shown.
 */
export class LabelTable {
  readonly labels = new Dictionary();
  readonly codes = new Dictionary();
  readonly #shards = new Map<string, IndexedShard>();
  #rows = 0;
  #revision = 0;
  #inOrder: IndexedShard[] | null = null;
  #offset = new Uint32Array(firstCapacity);
  #label = new Uint16Array(firstCapacity);
  #probability = new Float64Array(firstCapacity);
  #code = new Uint16Array(firstCapacity);

  /** Places for records; those of shards that were removed hold none. */
  get rows(): number {
    return this.#rows;
  }

  /** Records of one model, or of all. */
  records(modelId: string | null = null): number {
    const shards = modelId === null ? this.shards : this.shards.filter((shard) => shard.modelId === modelId);
    return shards.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Changes with every shard. */
  get revision(): number {
    return this.#revision;
  }

  get offset(): Uint32Array {
    return this.#offset;
  }

  /** Number of the most probable label, 0 for none. */
  get label(): Uint16Array {
    return this.#label;
  }

  get probability(): Float64Array {
    return this.#probability;
  }

  /** Number of the error code, 0 for a record that is ok. */
  get code(): Uint16Array {
    return this.#code;
  }

  /** By model, then in the order of the manifest. */
  get shards(): readonly IndexedShard[] {
    this.#inOrder ??= [...this.#shards.values()].sort(
      (a, b) => compare(a.modelId, b.modelId) || compare(a.batchId, b.batchId),
    );
    return this.#inOrder;
  }

  get modelIds(): string[] {
    return [...new Set(this.shards.map(({ modelId }) => modelId))];
  }

  find(modelId: string, batchId: string): IndexedShard | null {
    return this.#shards.get(nameOf(modelId, batchId)) ?? null;
  }

  /** The shard that a row belongs to. */
  shardOf(row: number): IndexedShard {
    const byRow = this.#byRow();
    let [low, high] = [0, byRow.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (byRow[middle]!.firstRow <= row) low = middle;
      else high = middle - 1;
    }
    return byRow[low]!;
  }

  /** Where a row's record lies in its shard. */
  placeOf(shard: IndexedShard, index: number): { row: number; offset: number; end: number } {
    const at = shard.firstRow + index;
    const end = index + 1 < shard.rows ? this.#offset[at + 1]! : shard.sizeBytes;
    return { row: index, offset: this.#offset[at]!, end };
  }

  /** Adds a shard, or puts a rewritten one in the place of the old. Returns false when the table is full. */
  add(id: ShardId, columns: ShardColumns): boolean {
    const name = nameOf(id.modelId, id.batchId);
    const rows = columns.label.length;
    const before = this.#shards.get(name);
    // A rewrite has the records of the same images; were it longer, it would not fit the old one's place.
    const firstRow = before?.rows === rows ? before.firstRow : this.#rows;
    if (firstRow + rows > maxRows) return false;
    this.#grow(firstRow + rows);
    const labelNumbers = [0, ...columns.labels.map((label) => this.labels.add(label))];
    const codeNumbers = [0, ...columns.codes.map((code) => this.codes.add(code))];
    for (let i = 0; i < rows; i++) {
      this.#label[firstRow + i] = labelNumbers[columns.label[i]!] ?? 0;
      this.#code[firstRow + i] = codeNumbers[columns.code[i]!] ?? 0;
    }
    this.#offset.set(columns.offset, firstRow);
    this.#probability.set(columns.probability, firstRow);
    this.#shards.set(name, { ...id, firstRow, rows });
    this.#rows = Math.max(this.#rows, firstRow + rows);
    this.#revision++;
    this.#inOrder = null;
    this.#sortedByRow = null;
    return true;
  }

  /** Takes a shard out that is not there any more. Its place is not used again: that is rare. */
  remove(modelId: string, batchId: string): void {
    if (!this.#shards.delete(nameOf(modelId, batchId))) return;
    this.#revision++;
    this.#inOrder = null;
    this.#sortedByRow = null;
  }

  #sortedByRow: IndexedShard[] | null = null;

  #byRow(): IndexedShard[] {
    this.#sortedByRow ??= [...this.#shards.values()].sort((a, b) => a.firstRow - b.firstRow);
    return this.#sortedByRow;
  }

  #grow(rows: number): void {
    if (rows <= this.#label.length) return;
    const capacity = Math.min(maxRows, Math.max(rows, Math.ceil(this.#label.length * 1.5)));
    this.#offset = copied(new Uint32Array(capacity), this.#offset);
    this.#label = copied(new Uint16Array(capacity), this.#label);
    this.#probability = copied(new Float64Array(capacity), this.#probability);
    this.#code = copied(new Uint16Array(capacity), this.#code);
  }
}

function copied<T extends Uint32Array | Uint16Array | Float64Array>(into: T, from: T): T {
  into.set(from);
  return into;
}

function nameOf(modelId: string, batchId: string): string {
  return `${modelId}/${batchId}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
