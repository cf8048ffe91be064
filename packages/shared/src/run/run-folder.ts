import { gunzipSync, gzipSync } from "node:zlib";
import type { z } from "zod";
import { type ManifestEntry, manifestEntrySchema, maxChunkEntries } from "../contract/manifest.js";
import { runNames } from "../contract/run-names.js";
import { type RunSpec, runSpecSchema } from "../contract/run-spec.js";
import { hasCode, LabelfleetError } from "../errors.js";
import type { ObjectStore, PutOptions } from "../storage/object-store.js";
import { openStore } from "../storage/open-store.js";
import { putFirst } from "../storage/put-first.js";
import { formatUri, parseUri } from "../storage/uri.js";
import { maxChunkBytes, maxDocumentBytes, mebibytes } from "./bounds.js";
import { currentVersion, isOwnVersion, versionOf } from "./own-version.js";

const newline = 10;

/** A document of a run with the etag that a conditional rewrite needs, or what stands for it (own-version.ts). */
export interface Stored<T> {
  value: T;
  etag: string;
}

/** The folder `<out>/<runId>/`: typed reading and first-writer-wins writing of what a run consists of. */
export class RunFolder {
  readonly store: ObjectStore;
  /** Key prefix of the folder in its store, empty or ending in "/". */
  readonly prefix: string;
  /** The run's URI, always ending in "/". */
  readonly uri: string;

  constructor(store: ObjectStore, prefix: string, uri: string) {
    this.store = store;
    this.prefix = prefix;
    this.uri = uri;
  }

  static async open(uri: string): Promise<RunFolder> {
    const folderUri = `${formatUri(parseUri(uri)).replace(/\/$/, "")}/`;
    const { store, prefix } = await openStore(folderUri);
    return new RunFolder(store, prefix, folderUri);
  }

  keyOf(name: string): string {
    return `${this.prefix}${name}`;
  }

  /** @throws RUN_NOT_FOUND, RUN_INVALID */
  async readSpec(): Promise<RunSpec> {
    const stored = await this.readJson(runNames.spec, runSpecSchema);
    if (stored === null) {
      throw new LabelfleetError(
        "RUN_NOT_FOUND",
        `${this.uri} holds no run.json: give the URI that \`run\` or \`scan\` printed`,
      );
    }
    return stored.value;
  }

  /** The document, or null where it does not exist. @throws RUN_INVALID when it is not what the schema says. */
  async readJson<T>(name: string, schema: z.ZodType<T>): Promise<Stored<T> | null> {
    const stored = await this.readBytes(name);
    if (stored === null) return null;
    return { value: this.#parse(name, stored.value.toString("utf8"), schema), etag: stored.etag };
  }

  /** The bytes, or null where the name does not exist. @throws RUN_INVALID when there are more than `maxBytes` */
  async readBytes(name: string, maxBytes = maxDocumentBytes): Promise<Stored<Buffer> | null> {
    try {
      const { body, etag } = await this.store.get(this.keyOf(name), { maxBytes });
      return { value: body, etag: versionOf(etag, body) };
    } catch (error) {
      if (hasCode(error, "OBJECT_NOT_FOUND")) return null;
      if (!hasCode(error, "OBJECT_TOO_LARGE")) throw error;
      throw this.#invalid(name, `is larger than ${mebibytes(maxBytes)}, which no such file of a run is`, error);
    }
  }

  /** @throws RUN_INVALID when the chunk is missing, or is none */
  async readChunk(chunkId: string): Promise<ManifestEntry[]> {
    const name = runNames.chunk(chunkId);
    const stored = await this.readBytes(name, maxChunkBytes);
    if (stored === null) throw this.#invalid(name, "is missing");
    const bytes = this.#unpacked(name, stored.value);
    const entries: ManifestEntry[] = [];
    // Line by line: all lines of a hostile chunk at once may be many times its bytes.
    for (let start = 0; start < bytes.length; ) {
      const found = bytes.indexOf(newline, start);
      const end = found === -1 ? bytes.length : found;
      if (end > start) {
        if (entries.length >= maxChunkEntries) throw this.#invalid(name, `has more than ${maxChunkEntries} entries`);
        entries.push(this.#parse(name, bytes.toString("utf8", start, end), manifestEntrySchema));
      }
      start = end + 1;
    }
    return entries;
  }

  /** Writes a chunk unless it exists. Returns whether this call wrote it. */
  async writeChunk(chunkId: string, entries: ManifestEntry[]): Promise<boolean> {
    const lines = entries.map(lineOf).join("");
    return this.writeFirst(runNames.chunk(chunkId), gzipSync(lines, { level: 6 }), "application/gzip");
  }

  /** Writes unless the name exists already: the first writer wins. Returns whether this call wrote it. */
  async writeFirst(name: string, body: Uint8Array, contentType: string): Promise<boolean> {
    return putFirst(this.store, this.keyOf(name), body, contentType);
  }

  writeJsonFirst(name: string, value: unknown): Promise<boolean> {
    return this.writeFirst(name, toJson(value), "application/json");
  }

  /** Writes or replaces, unconditionally. */
  async writeJson(name: string, value: unknown): Promise<void> {
    await this.store.put(this.keyOf(name), toJson(value), { contentType: "application/json" });
  }

  /** Replaces a document that still has this etag; without one, whatever lies there. @throws PRECONDITION_FAILED */
  async replaceJson(name: string, value: unknown, etag: string | undefined): Promise<void> {
    const condition = etag === undefined ? {} : await this.conditionOf(name, etag);
    await this.store.put(this.keyOf(name), toJson(value), { contentType: "application/json", ...condition });
  }

  /**
   * What a rewrite of a version has to ask of the store. A version of our own is compared now, as no store can do it.
   *
   * @throws PRECONDITION_FAILED
   */
  async conditionOf(name: string, etag: string): Promise<Pick<PutOptions, "ifMatch">> {
    if (!isOwnVersion(etag)) return { ifMatch: etag };
    if ((await currentVersion(this.store, this.keyOf(name))) === etag) return {};
    throw new LabelfleetError("PRECONDITION_FAILED", `${this.uri}${name} was replaced by another writer first`);
  }

  /** Whether `cancel` left its mark. */
  async isCancelled(): Promise<boolean> {
    return (await this.store.head(this.keyOf(runNames.cancelled))) !== null;
  }

  /** Names (relative to the folder) and etags under a prefix, in key order, after `startAfter` where given. */
  async *list(prefix: string, startAfter?: string): AsyncIterable<{ name: string; etag: string; sizeBytes: number }> {
    const options = startAfter === undefined ? {} : { startAfter: this.keyOf(startAfter) };
    for await (const info of this.store.list({ prefix: this.keyOf(prefix), ...options })) {
      yield { name: info.key.slice(this.prefix.length), etag: info.etag, sizeBytes: info.sizeBytes };
    }
  }

  close(): Promise<void> {
    return this.store.close();
  }

  #unpacked(name: string, packed: Buffer): Buffer {
    try {
      return gunzipSync(packed, { maxOutputLength: maxChunkBytes });
    } catch (error) {
      const isTooLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
      const what = isTooLarge ? `unpacks to more than ${mebibytes(maxChunkBytes)}` : "is cut, or is not a gzip file";
      throw this.#invalid(name, what, error);
    }
  }

  #invalid(name: string, what: string, cause?: unknown): LabelfleetError {
    return new LabelfleetError("RUN_INVALID", `${this.uri}${name} ${what}`, { cause });
  }

  #parse<T>(name: string, text: string, schema: z.ZodType<T>): T {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      throw new LabelfleetError("RUN_INVALID", `${this.uri}${name} is not JSON`, { cause: error });
    }
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new LabelfleetError("RUN_INVALID", `${this.uri}${name}: ${issue?.path.join(".")}: ${issue?.message}`);
  }
}

function lineOf({ key, etag, sizeBytes, lastModifiedMs }: ManifestEntry): string {
  return `${JSON.stringify({ key, etag, sizeBytes, lastModifiedMs: lastModifiedMs ?? undefined })}\n`;
}

function toJson(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
