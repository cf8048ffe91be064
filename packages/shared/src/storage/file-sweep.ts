import type { Dirent } from "node:fs";
import { opendir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { temporaryPrefix } from "./file-names.js";

/** A temporary file this old belongs to a writer that was killed: it has its name for as long as one write takes. */
export const abandonedAfterMs = 3_600_000;

/** Removes temporary files and locks below a folder that are older than that. What cannot be removed stays. Returns how many went. */
export async function removeAbandoned(folder: string, nowMs: number): Promise<number> {
  let removed = 0;
  try {
    for await (const entry of await opendir(folder, { recursive: true })) {
      const isOurs = entry.isFile() && entry.name.startsWith(temporaryPrefix);
      if (isOurs && (await removeIfOld(entry, nowMs))) removed += 1;
    }
  } catch {
    // Folders that are gone or closed to us hold nothing that we could remove.
  }
  return removed;
}

async function removeIfOld(entry: Dirent, nowMs: number): Promise<boolean> {
  const path = join(entry.parentPath, entry.name);
  try {
    if (nowMs - (await stat(path)).mtimeMs < abandonedAfterMs) return false;
    await unlink(path);
    return true;
  } catch {
    return false; // Its writer renamed it meanwhile, or another producer was first.
  }
}
