import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { LabelfleetError } from "../errors.js";
import { reasonOf } from "./file-errors.js";
import { systemCode } from "./file-names.js";
import { isPathInside } from "./uri.js";

/** Does what writes to a folder of this machine; `remedy` says how to have it elsewhere. @throws SCRATCH_UNWRITABLE, and what is not the disk's fault */
export async function inScratch<T>(folder: string, remedy: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toScratchError(error, folder, remedy);
  }
}

/** What is no error of this folder's file system stays what it is. */
export function toScratchError(error: unknown, folder: string, remedy: string): unknown {
  const code = systemCode(error);
  const reason = code === undefined ? undefined : reasonOf(code);
  if (error instanceof LabelfleetError || reason === undefined || isElsewhere(error, folder)) return error;
  return new LabelfleetError("SCRATCH_UNWRITABLE", `cannot write ${folder}: ${reason} (${code}); ${remedy}`, {
    cause: error,
  });
}

/** Errors of reads and writes name no path. */
function isElsewhere(error: unknown, folder: string): boolean {
  const path = error instanceof Error && "path" in error ? error.path : undefined;
  return typeof path === "string" && !isPathInside(resolve(path), resolve(folder)) && !isPathInside(folder, path);
}

/** In a cache folder, of built graphs and pulled models. */
export function inCache<T>(cacheDir: string, work: () => Promise<T>): Promise<T> {
  return inScratch(cacheDir, "set LABELFLEET_CACHE_DIR to a folder that can be written", work);
}

/** A new folder among the system's temporary ones. @throws SCRATCH_UNWRITABLE */
export function temporaryFolder(prefix: string): Promise<string> {
  const remedy = "set TMPDIR to a folder that can be written";
  return inScratch(tmpdir(), remedy, () => mkdtemp(join(tmpdir(), prefix)));
}
