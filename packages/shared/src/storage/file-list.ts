import type { BigIntStats, Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { toFileError } from "./file-errors.js";
import { systemCode, temporaryPrefix } from "./file-names.js";
import { compareKeys } from "./key-order.js";
import type { ListOptions, ObjectInfo } from "./object-store.js";
import { isPathInside } from "./uri.js";

/** Files looked at together; their sizes and times come from the thread pool, four at a time by default. */
const statsAtOnce = 64;

/** `name/` for folders, because that is how a folder's keys compare with its neighbours'. */
interface Entry {
  key: string;
  isFolder: boolean;
}

/**
 * Walks a folder in the UTF-8 byte order of the keys below it, holding one folder's names a level. Symbolic links to files
 * inside the root are listed; links to folders, and out of the root, are not followed.
 */
export async function* listFolder(root: string, options: ListOptions): AsyncGenerator<ObjectInfo> {
  let realRoot: string;
  try {
    realRoot = await realpath(root);
  } catch (error) {
    throw toFileError(error, "list", root);
  }
  yield* walk(realRoot, "", options);
}

export function etagOf(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}`;
}

export function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  return { key, etag: etagOf(stats), sizeBytes: Number(stats.size), lastModifiedMs: Number(stats.mtimeMs) };
}

async function* walk(root: string, folder: string, options: ListOptions): AsyncGenerator<ObjectInfo> {
  const entries = await readFolder(root, folder, options);
  for (let i = 0; i < entries.length; ) {
    options.signal?.throwIfAborted();
    const entry = entries[i]!;
    if (entry.isFolder) {
      i++;
      yield* walk(root, entry.key, options);
      continue;
    }
    const group: Entry[] = [];
    while (i < entries.length && !entries[i]!.isFolder && group.length < statsAtOnce) group.push(entries[i++]!);
    for (const info of await Promise.all(group.map((file) => describe(root, file.key)))) if (info) yield info;
  }
}

/** The wanted entries of one folder, in key order. */
async function readFolder(root: string, folder: string, options: ListOptions): Promise<Entry[]> {
  let found: Dirent<Buffer>[];
  try {
    found = await readdir(join(root, folder), { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    // Removed while walking; the root itself must exist.
    if (folder !== "" && systemCode(error) === "ENOENT") return [];
    throw toFileError(error, "list", join(root, folder));
  }
  const entries: Entry[] = [];
  let unnameable = 0;
  for (const dirent of found) {
    const isFolder = dirent.isDirectory();
    if (!isFolder && !dirent.isFile() && !dirent.isSymbolicLink()) continue;
    const name = dirent.name.toString("utf8");
    // Decoding replaces what is not UTF-8, so the bytes do not come back.
    if (!Buffer.from(name, "utf8").equals(dirent.name)) unnameable++;
    else if (!name.startsWith(temporaryPrefix)) entries.push({ key: folder + name + (isFolder ? "/" : ""), isFolder });
  }
  if (unnameable > 0) options.onUnnameable?.(unnameable);
  return entries.filter((entry) => isWanted(entry, options)).sort((a, b) => compareKeys(a.key, b.key));
}

/** Whether the file, or any key below the folder, can be in the listing. */
function isWanted(entry: Entry, { prefix, startAfter, through }: ListOptions): boolean {
  const { key, isFolder } = entry;
  if (through !== undefined && compareKeys(key, through) > 0) return false;
  if (!key.startsWith(prefix) && !(isFolder && prefix.startsWith(key))) return false;
  if (startAfter === undefined || compareKeys(key, startAfter) > 0) return true;
  return isFolder && startAfter.startsWith(key);
}

/** null for what vanished meanwhile, is no regular file, or lies outside the root. */
async function describe(root: string, key: string): Promise<ObjectInfo | null> {
  const path = join(root, key);
  try {
    const real = await realpath(path);
    if (real !== path && !isPathInside(real, root)) return null;
    const stats = await stat(real, { bigint: true });
    return stats.isFile() ? infoOf(key, stats) : null;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP", "EACCES"].includes(systemCode(error) ?? "")) return null;
    throw toFileError(error, "list", path);
  }
}
