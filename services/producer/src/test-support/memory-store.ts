import { createHash } from "node:crypto";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
import type {
  GetOptions,
  ListedPage,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PageOptions,
  PutOptions,
} from "@labelfleet/shared/storage/object-store";

/** An object store in memory, for unit tests. */
export class MemoryStore implements ObjectStore {
  readonly kind = "s3";
  readonly objects = new Map<string, Buffer<ArrayBuffer>>();
  /** Keys that a listing has given out, to see where listings start. */
  readonly listed: string[] = [];
  /** Prefixes that were cleared of what killed writers left. */
  readonly cleared: string[] = [];
  pageKeys = 1_000;
  /** Requests for single pages so far. */
  pages = 0;
  /** Until a key is put or deleted. */
  #sortedKeys: string[] | null = null;

  static of(keys: string[]): MemoryStore {
    const store = new MemoryStore();
    for (const key of keys) store.objects.set(key, Buffer.from(key));
    return store;
  }

  uriOf(key: string): string {
    return `s3://memory/${key}`;
  }

  async *list({ prefix, startAfter, through, signal }: ListOptions): AsyncGenerator<ObjectInfo> {
    for (const key of this.#sorted()) {
      signal?.throwIfAborted();
      if (!key.startsWith(prefix) || (startAfter !== undefined && compareKeys(key, startAfter) <= 0)) continue;
      if (through !== undefined && compareKeys(key, through) > 0) return;
      this.listed.push(key);
      yield this.#infoOf(key);
    }
  }

  /** Like S3, with `pageKeys` instead of a thousand. */
  async page({ prefix, startAfter, delimiter, maxKeys = this.pageKeys }: PageOptions): Promise<ListedPage> {
    this.pages++;
    const page: ListedPage = { keys: [], prefixes: [], isTruncated: false };
    for (const key of this.#sorted()) {
      if (!key.startsWith(prefix) || (startAfter !== undefined && compareKeys(key, startAfter) <= 0)) continue;
      const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
      const common = end === -1 ? null : key.slice(0, end + delimiter!.length);
      if (common !== null && page.prefixes.at(-1) === common) continue;
      if (page.keys.length + page.prefixes.length === maxKeys) return { ...page, isTruncated: true };
      if (common === null) page.keys.push(key);
      else page.prefixes.push(common);
    }
    return page;
  }

  #sorted(): string[] {
    if (this.#sortedKeys?.length !== this.objects.size) this.#sortedKeys = [...this.objects.keys()].sort(compareKeys);
    return this.#sortedKeys;
  }

  async get(key: string, { maxBytes = Number.POSITIVE_INFINITY }: GetOptions = {}) {
    const body = this.objects.get(key);
    if (body === undefined) throw new LabelfleetError("OBJECT_NOT_FOUND", `${this.uriOf(key)} does not exist`);
    if (body.length > maxBytes) throw new LabelfleetError("OBJECT_TOO_LARGE", `${this.uriOf(key)} is too large`);
    return { body: Buffer.from(body), etag: this.#infoOf(key).etag, sizeBytes: body.length };
  }

  async head(key: string): Promise<ObjectInfo | null> {
    return this.objects.has(key) ? this.#infoOf(key) : null;
  }

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<{ etag: string }> {
    if (options.ifNoneMatch === "*" && this.objects.has(key)) {
      throw new LabelfleetError("PRECONDITION_FAILED", `${this.uriOf(key)} exists`);
    }
    if (options.ifMatch !== undefined && (await this.head(key))?.etag !== options.ifMatch) {
      throw new LabelfleetError("PRECONDITION_FAILED", `${this.uriOf(key)} is another one`);
    }
    this.objects.set(key, Buffer.from(body));
    this.#sortedKeys = null;
    return { etag: this.#infoOf(key).etag };
  }

  async delete(key: string): Promise<void> {
    this.objects.delete(key);
    this.#sortedKeys = null;
  }

  async removeAbandoned(prefix: string): Promise<void> {
    this.cleared.push(prefix);
  }

  async close(): Promise<void> {}

  #infoOf(key: string): ObjectInfo {
    const body = this.objects.get(key)!;
    const etag = createHash("md5").update(body).digest("hex");
    return { key, etag, sizeBytes: body.length, lastModifiedMs: null };
  }
}
