import { constants } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LabelfleetError } from "../errors.js";
import { oneLine } from "./s3-errors.js";
import { isPathInside } from "./uri.js";

/** Files that are still being written, and locks; they lie beside their target and are in no listing. */
export const temporaryPrefix = ".lf-tmp-";

/** Not followed if it is a link by the time it is opened, and never waiting for a pipe's other end. */
export const openForReading = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The path of a key below `root`. Throws KEY_REFUSED for what is not exactly one file's name below it. */
export function pathOfKey(root: string, key: string): string {
  const parts = key.split("/");
  const bad = parts.some((part) => part === "" || part === "." || part === ".." || part.startsWith(temporaryPrefix));
  if (bad || key.includes("\0") || /\p{Surrogate}/u.test(key)) throw refused(root, key);
  return join(root, key);
}

/**
 * The path with every symbolic link resolved. Throws KEY_REFUSED when that leaves the root, and the file system's error
 * (ENOENT …) when it is not there.
 */
export async function resolveInside(root: string, path: string, key: string): Promise<string> {
  const real = await realpath(path);
  if (!isPathInside(real, await realpath(root))) throw refused(root, key);
  return real;
}

/** Like resolveInside for a folder that may not exist yet: its nearest existing ancestor decides. */
export async function checkFolderInside(root: string, folder: string, key: string): Promise<void> {
  for (let dir = folder; ; dir = dirname(dir)) {
    try {
      await resolveInside(root, dir, key);
      return;
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
      // Not even the root is there: nothing can lead out of it.
      if (dir === root) return;
    }
  }
}

export function refused(root: string, key: string): LabelfleetError {
  return new LabelfleetError(
    "KEY_REFUSED",
    oneLine(`the key ${JSON.stringify(key)} is not a file's name below ${root}`),
  );
}

/** ENOENT, EACCES …, or undefined for what is no system error. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
