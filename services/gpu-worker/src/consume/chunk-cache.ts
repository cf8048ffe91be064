import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";

/** A run's manifest chunks, of which the last few that were used stay parsed: batches come in order. */
export class ChunkCache {
  readonly #folder: RunFolder;
  readonly #keptChunks: number;
  readonly #chunks = new Map<string, Promise<ManifestEntry[]>>();

  constructor(folder: RunFolder, keptChunks: number) {
    this.#folder = folder;
    this.#keptChunks = keptChunks;
  }

  /** @throws RUN_INVALID when the chunk is missing or cannot be read */
  get(chunkId: string): Promise<ManifestEntry[]> {
    const reading = this.#chunks.get(chunkId) ?? this.#folder.readChunk(chunkId);
    this.#chunks.delete(chunkId);
    this.#chunks.set(chunkId, reading);
    reading.catch(() => this.#chunks.delete(chunkId));
    if (this.#chunks.size > this.#keptChunks) this.#chunks.delete(this.#chunks.keys().next().value!);
    return reading;
  }
}
