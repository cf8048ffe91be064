import { createHash } from "node:crypto";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
import type {
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
} from "@labelfleet/shared/storage/object-store";

/** An object store in memory, for unit tests. */
export class MemoryStore implements ObjectStore {
  readonly kind = "s3";
  readonly objects = new Map<string, Buffer<ArrayBuffer>>();
  /** Keys that a listing has given out, to see where listings start. */
  readonly listed: string[] = [];

  static of(keys: string[]): MemoryStore {
    const store = new MemoryStore();
    for (const key of keys) store.objects.set(key, Buffer.from(key));
    return store;
  }

  uriOf(key: string): string {
    return `s3://memory/${key}`;
  }

  async *list({ prefix, startAfter, signal }: ListOptions): AsyncGenerator<ObjectInfo> {
    for (const key of [...this.objects.keys()].sort(compareKeys)) {
      signal?.throwIfAborted();
      if (!key.startsWith(prefix) || (startAfter !== undefined && compareKeys(key, startAfter) <= 0)) continue;
      this.listed.push(key);
      yield this.#infoOf(key);
    }
  }

  async get(key: string, _options?: GetOptions) {
    const body = this.objects.get(key);
    if (body === undefined) throw new LabelfleetError("OBJECT_NOT_FOUND", `${this.uriOf(key)} does not exist`);
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
    return { etag: this.#infoOf(key).etag };
  }

  async delete(key: string): Promise<void> {
    this.objects.delete(key);
  }

  async close(): Promise<void> {}

  #infoOf(key: string): ObjectInfo {
    const body = this.objects.get(key)!;
    const etag = createHash("md5").update(body).digest("hex");
    return { key, etag, sizeBytes: body.length, lastModifiedMs: null };
  }
}
