import { open, rename, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LabelfleetError } from "../errors.js";
import { isComparable } from "./etag.js";
import { type FileOperation, toFileError } from "./file-errors.js";
import { etagOf, infoOf, listFolder } from "./file-list.js";
import { checkFolderInside, openForReading, pathOfKey, refused, resolveInside, systemCode } from "./file-names.js";
import { removeAbandoned } from "./file-sweep.js";
import { createOnly, makeFolder, replaceIf, syncFolder, writeTemporary } from "./file-write.js";
import {
  type GetOptions,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  ownBodyMemory,
  type PutBody,
  type PutOptions,
} from "./object-store.js";
import { tooLarge } from "./s3-body.js";

/** A folder as an object store. Keys are paths below it; none ever leads out of it. Folders are made as needed. */
export class FileStore implements ObjectStore {
  readonly kind = "file";
  readonly #root: string;

  constructor(dir: string) {
    this.#root = resolve(dir);
  }

  uriOf(key: string): string {
    const root = pathToFileURL(this.#root).href.replace(/\/$/, "");
    return `${root}/${key.split("/").map(encodeURIComponent).join("/")}`;
  }

  list(options: ListOptions): AsyncIterable<ObjectInfo> {
    return listFolder(this.#root, options);
  }

  async get(
    key: string,
    options: GetOptions = {},
  ): Promise<{ body: Buffer<ArrayBuffer>; etag: string; sizeBytes: number }> {
    const path = pathOfKey(this.#root, key);
    options.signal?.throwIfAborted();
    return mapped("get", path, async () => {
      const handle = await open(await resolveInside(this.#root, path, key), openForReading);
      try {
        const stats = await handle.stat({ bigint: true });
        if (!stats.isFile()) throw new LabelfleetError("OBJECT_NOT_FOUND", `${this.uriOf(key)} is not a file`);
        const etag = etagOf(stats);
        if (isComparable(options.ifMatch ?? "") && etag !== options.ifMatch) throw this.#changed(key);
        const sizeBytes = Number(stats.size);
        if (options.listed !== undefined && options.listed.sizeBytes !== sizeBytes) throw this.#changed(key);
        const start = options.range?.start ?? 0;
        const end = Math.min((options.range?.end ?? sizeBytes - 1) + 1, sizeBytes);
        if (options.range && start >= sizeBytes) throw this.#changed(key);
        const length = Math.max(0, end - start);
        if (length > (options.maxBytes ?? Number.POSITIVE_INFINITY)) {
          throw tooLarge(this.uriOf(key), length, options.maxBytes ?? 0);
        }
        const body = Buffer.from((options.takeMemory ?? ownBodyMemory)(length), 0, length);
        const filled = await readFully(handle, body, start);
        // Written to in place while it was read: what we hold is neither the old nor the new file.
        if (filled < length || etagOf(await handle.stat({ bigint: true })) !== etag) throw this.#changed(key);
        return { body, etag, sizeBytes };
      } finally {
        await handle.close();
      }
    });
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const path = pathOfKey(this.#root, key);
    return mapped("head", path, async () => {
      const stats = await stat(await resolveInside(this.#root, path, key), { bigint: true });
      return stats.isFile() ? infoOf(key, stats) : null;
    }).catch((error: unknown) => {
      if (error instanceof LabelfleetError && error.code === "OBJECT_NOT_FOUND") return null;
      throw error;
    });
  }

  async put(key: string, body: PutBody, options: PutOptions = {}): Promise<{ etag: string }> {
    const path = pathOfKey(this.#root, key);
    options.signal?.throwIfAborted();
    return mapped("put", path, async () => {
      const folder = dirname(path);
      await checkFolderInside(this.#root, folder, key);
      await makeFolder(folder);
      const before = await stat(path, { bigint: true }).catch(() => null);
      if (before?.isDirectory()) throw refused(this.#root, key);
      const temporary = await writeTemporary(path, body, before?.mtimeNs);
      try {
        if (options.ifNoneMatch) await createOnly(temporary.path, path);
        else if (options.ifMatch !== undefined) await replaceIf(temporary.path, path, options.ifMatch);
        else await rename(temporary.path, path);
      } catch (error) {
        await unlink(temporary.path).catch(() => undefined);
        throw error;
      }
      await syncFolder(folder);
      return { etag: temporary.etag };
    });
  }

  async delete(key: string): Promise<void> {
    const path = pathOfKey(this.#root, key);
    await mapped("delete", path, async () => {
      await checkFolderInside(this.#root, dirname(path), key);
      await unlink(path).catch((error: unknown) => {
        if (!["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) throw error;
      });
    });
  }

  async removeAbandoned(prefix: string): Promise<void> {
    await removeAbandoned(join(this.#root, prefix), Date.now());
  }

  async close(): Promise<void> {}

  #changed(key: string): LabelfleetError {
    return new LabelfleetError("OBJECT_CHANGED", `${this.uriOf(key)} was replaced or cut after it was listed`);
  }
}

/** Fills `body` from a position; fewer bytes than its length means that the file ended. */
async function readFully(handle: Awaited<ReturnType<typeof open>>, body: Buffer, start: number): Promise<number> {
  let filled = 0;
  while (filled < body.length) {
    const { bytesRead } = await handle.read(body, filled, body.length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

async function mapped<T>(operation: FileOperation, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toFileError(error, operation, path);
  }
}
