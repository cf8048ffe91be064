import { chunkIdOf } from "@labelfleet/shared/contract/ids";
import type { ManifestEntry, RangeDone } from "@labelfleet/shared/contract/manifest";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { Skipped } from "@labelfleet/shared/contract/skipped";
import type { ChunkRef } from "@labelfleet/shared/run/batches-of-chunk";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { compareKeys } from "@labelfleet/shared/storage/key-order";

/**
 * Cuts the listing of one range into chunks, numbered from 0, and writes them; the first writer of each wins.
 *
 * Invariant: every chunk is full except the last of its range, which ends it (and is empty when the listing ends on a full
 * one). So several producers that list at once, or one after another, come to one manifest: whoever loses a chunk goes
 * on behind the chunk that lies there, and stops where that one stopped.
 */
export class RangeWriter {
  readonly #folder: RunFolder;
  readonly #rangeId: string;
  readonly #chunkEntries: number;
  readonly #maxImages: number;
  readonly #onChunk: (chunk: ChunkRef) => void;
  #seq = 0;
  #written = 0;
  #lastKey: string | null = null;
  #buffer: ManifestEntry[] = [];
  #hasEnded = false;

  constructor(options: {
    folder: RunFolder;
    rangeId: string;
    /** Entries in a full chunk. */
    chunkEntries: number;
    /** What the range may still hold of the run's --limit or sample. */
    maxImages: number;
    onChunk?: (chunk: ChunkRef) => void;
  }) {
    this.#folder = options.folder;
    this.#rangeId = options.rangeId;
    this.#chunkEntries = options.chunkEntries;
    this.#maxImages = options.maxImages;
    this.#onChunk = options.onChunk ?? (() => {});
  }

  /** The last key in a chunk; the listing goes on after it. */
  get lastKey(): string | null {
    return this.#lastKey;
  }

  /** Chunks written or adopted. */
  get chunks(): number {
    return this.#seq;
  }

  /** Entries in chunks and in hand. */
  get images(): number {
    return this.#written + this.#buffer.length;
  }

  /** Whether the run's --limit or sample is reached. */
  get isAtLimit(): boolean {
    return this.images >= this.#maxImages;
  }

  /** Takes over chunks that lie in the folder already and are not the last one there, so they are full. */
  adoptFull(chunks: number): void {
    for (let i = 0; i < chunks; i++) this.#accept(this.#chunkEntries);
  }

  /** Takes over a chunk that lies in the folder already. Chunks come in order. */
  adopt(entries: ManifestEntry[]): void {
    this.#lastKey = entries.at(-1)?.key ?? this.#lastKey;
    this.#accept(entries.length);
    const rest = this.#buffer.filter(({ key }) => this.#lastKey === null || compareKeys(key, this.#lastKey) > 0);
    this.#buffer = rest.slice(0, Math.max(0, this.#maxImages - this.#written));
  }

  /**
   * Entries come in ascending key order; those that a chunk holds already are passed over. Returns whether this entry is the
   * last of a chunk that was written now.
   */
  async add(entry: ManifestEntry): Promise<boolean> {
    if (this.#hasEnded || this.isAtLimit) return false;
    if (this.#lastKey !== null && compareKeys(entry.key, this.#lastKey) <= 0) return false;
    this.#buffer.push(entry);
    while (this.#buffer.length >= this.#chunkEntries && !this.#hasEnded) await this.#writeChunk();
    return this.#lastKey === entry.key;
  }

  /** Writes the last chunk and the range's totals. The listing has ended, or enough is listed. */
  async finish(skipped: Skipped): Promise<void> {
    while (!this.#hasEnded) await this.#writeChunk();
    const done: RangeDone = { schemaVersion: 1, chunks: this.#seq, images: this.#written, skipped };
    await this.#folder.writeJsonFirst(runNames.rangeDone(this.#rangeId), done);
  }

  async #writeChunk(): Promise<void> {
    const chunkId = chunkIdOf(this.#rangeId, this.#seq);
    const entries = this.#buffer.slice(0, this.#chunkEntries);
    if (await this.#folder.writeChunk(chunkId, entries)) {
      this.#buffer = this.#buffer.slice(entries.length);
      this.#lastKey = entries.at(-1)?.key ?? this.#lastKey;
      this.#accept(entries.length);
    } else {
      this.adopt(await this.#folder.readChunk(chunkId));
    }
  }

  #accept(images: number): void {
    this.#onChunk({ rangeId: this.#rangeId, chunkId: chunkIdOf(this.#rangeId, this.#seq), images });
    this.#seq++;
    this.#written += images;
    this.#hasEnded = images < this.#chunkEntries;
  }
}
