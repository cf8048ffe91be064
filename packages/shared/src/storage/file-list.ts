import type { BigIntStats } from "node:fs";
import { lstat, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { type FolderEntry, readEntries } from "./file-entries.js";
import { toFileError } from "./file-errors.js";
import { systemCode } from "./file-names.js";
import { compareKeys } from "./key-order.js";
import type { LeftOut, ListOptions, ObjectInfo } from "./object-store.js";
import { isPathInside } from "./uri.js";

/** Files looked at together; their sizes and times come from the thread pool, four at a time by default. */
const statsAtOnce = 64;

/** Something that is no object of the listing, and why; null for what vanished meanwhile. */
type Described = ObjectInfo | LeftOut | null;

/**
 * Walks a folder in the UTF-8 byte order of the keys below it, holding one folder's names a level. Symbolic links to files
 * inside the root are listed; links to folders, and out of the root, are not followed. What is left out is told in key order
 * too, so that a listing that goes on after a key tells what an undisturbed one tells after it.
 */
export async function* listFolder(root: string, options: ListOptions): AsyncGenerator<ObjectInfo> {
  let realRoot: string;
  try {
    realRoot = await realpath(root);
  } catch (error) {
    throw toFileError(error, "list", root);
  }
  yield* new Walk(realRoot, options).folder("", realRoot);
}

export function etagOf(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}`;
}

export function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  return { key, etag: etagOf(stats), sizeBytes: Number(stats.size), lastModifiedMs: Number(stats.mtimeMs) };
}

class Walk {
  readonly #root: string;
  readonly #options: ListOptions;

  constructor(root: string, options: ListOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** @param path bytes where some name in it is not UTF-8 */
  async *folder(key: string, path: string | Buffer): AsyncGenerator<ObjectInfo> {
    const { signal, onLeftOut, isPruned } = this.#options;
    const entries = (await this.#entries(key, path)).filter((entry) => isInListing(entry, this.#options));
    entries.sort((a, b) => compareKeys(a.key, b.key) || Number(a.bytes === null) - Number(b.bytes === null));
    for (let i = 0; i < entries.length; ) {
      signal?.throwIfAborted();
      const entry = entries[i]!;
      if (entry.kind === "folder") {
        i++;
        if (isPruned?.(entry.key)) onLeftOut?.({ reason: "filteredFolders", key: entry.key });
        else yield* this.folder(entry.key, this.#pathOf(entry));
        continue;
      }
      const group: FolderEntry[] = [];
      while (i < entries.length && entries[i]!.kind !== "folder" && group.length < statsAtOnce)
        group.push(entries[i++]!);
      for (const described of await Promise.all(group.map((file) => this.#describe(file)))) {
        if (described === null) continue;
        if ("reason" in described) onLeftOut?.(described);
        else yield described;
      }
    }
  }

  /** A folder that may not be read is left out only where the caller is told of it; the root must be readable. */
  async #entries(key: string, path: string | Buffer): Promise<FolderEntry[]> {
    const { onLeftOut } = this.#options;
    try {
      return await readEntries(key, path);
    } catch (error) {
      // Removed while walking.
      if (key !== "" && ["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return [];
      const ours = toFileError(error, "list", join(this.#root, key.slice(0, -1)));
      if (key === "" || onLeftOut === undefined || ours.retryable) throw ours;
      onLeftOut({ reason: "unreadableFolders", key, message: ours.message });
      return [];
    }
  }

  async #describe(entry: FolderEntry): Promise<Described> {
    const { key, kind, bytes } = entry;
    if (bytes !== null) return { reason: "unnameable", key };
    if (kind === "other") return { reason: "notFiles", key };
    const path = join(this.#root, key);
    try {
      if (kind === "file") {
        const stats = await lstat(path, { bigint: true });
        // Whatever took its place meanwhile is looked at as a link is.
        if (stats.isFile()) return infoOf(key, stats);
      }
      return await describeLink(this.#root, key, path);
    } catch (error) {
      return this.#unreachable(error, key, path);
    }
  }

  async #unreachable(error: unknown, key: string, path: string): Promise<Described> {
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes(systemCode(error) ?? "")) {
      const isThere = await lstat(path).then(
        () => true,
        () => false,
      );
      return isThere ? { reason: "brokenLinks", key } : null;
    }
    const ours = toFileError(error, "list", path);
    if (ours.retryable) throw ours;
    return { reason: "unreadableFiles", key, message: ours.message };
  }

  #pathOf({ key, bytes }: FolderEntry): string | Buffer {
    return bytes ?? join(this.#root, key);
  }
}

/** @throws the file system's error where it leads to nothing, in circles, or where nobody may look */
async function describeLink(root: string, key: string, path: string): Promise<Described> {
  const real = await realpath(path);
  const stats = await stat(real, { bigint: true });
  if (stats.isDirectory()) return { reason: "linkedFolders", key: `${key}/` };
  if (!isPathInside(real, root)) return { reason: "linksOutside", key };
  return stats.isFile() ? infoOf(key, stats) : { reason: "notFiles", key };
}

/** Whether the file, or any key below the folder, can be in the part of the listing that is asked for. */
function isInListing({ key, kind, bytes }: FolderEntry, { prefix, startAfter, through }: ListOptions): boolean {
  const isFolder = kind === "folder";
  if (through !== undefined && compareKeys(key, through) > 0) return false;
  if (!key.startsWith(prefix) && !(isFolder && prefix.startsWith(key))) return false;
  if (startAfter === undefined || compareKeys(key, startAfter) > 0) return true;
  // What has no key was counted as a whole, at the place where its folder's name comes.
  return isFolder && bytes === null && startAfter.startsWith(key);
}
