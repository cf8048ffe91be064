import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { sep } from "node:path";
import { temporaryPrefix } from "./file-names.js";

/** One name of a folder. */
export interface FolderEntry {
  /**
   * `name/` for folders, because that is how a folder's keys compare with its neighbours'. Where the name is not UTF-8, the
   * characters that can be read, which tell its place in the listing.
   */
  key: string;
  /** Where it lies, where that cannot be told by its key: some name on the way is not UTF-8. */
  bytes: Buffer | null;
  /** "other" is a pipe, socket or device. */
  kind: "file" | "folder" | "link" | "other";
}

/**
 * What lies in a folder, in no order, without files that are still being written.
 *
 * @param path bytes where some name in it is not UTF-8
 * @throws the file system's error, also where the names may be read but nothing that they name may be looked at
 */
export async function readEntries(folderKey: string, path: string | Buffer): Promise<FolderEntry[]> {
  const found = await readdir(path, { withFileTypes: true, encoding: "buffer" });
  await stat(pathIn(path, Buffer.from(".")));
  return found.flatMap((dirent) => {
    const name = dirent.name.toString("utf8");
    if (name.startsWith(temporaryPrefix)) return [];
    const kind = kindOf(dirent);
    // Decoding replaces what is not UTF-8, so the bytes do not come back.
    const isNameable = typeof path === "string" && Buffer.from(name, "utf8").equals(dirent.name);
    return {
      key: folderKey + name + (kind === "folder" ? "/" : ""),
      bytes: isNameable ? null : pathIn(path, dirent.name),
      kind,
    };
  });
}

function kindOf(dirent: Dirent<Buffer>): FolderEntry["kind"] {
  if (dirent.isFile()) return "file";
  if (dirent.isDirectory()) return "folder";
  return dirent.isSymbolicLink() ? "link" : "other";
}

function pathIn(folder: string | Buffer, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(folder), Buffer.from(sep), name]);
}
