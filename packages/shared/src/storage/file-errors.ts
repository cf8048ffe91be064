import { type ErrorCode, LabelfleetError } from "../errors.js";
import { systemCode } from "./file-names.js";
import { oneLine } from "./s3-errors.js";

export type FileOperation = "get" | "head" | "list" | "put" | "delete";

const gone = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ENAMETOOLONG", "ENXIO"]);
const busy = new Set(["EMFILE", "ENFILE", "EAGAIN", "EBUSY", "EIO", "ESTALE", "ETIMEDOUT"]);
const reasons: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left",
  EDQUOT: "the disk quota is used up",
  ENOENT: "no such file",
  ENOTDIR: "a file is where a folder should be",
  EEXIST: "a file is where a folder should be",
  EMFILE: "too many open files",
};

/** What the code of a file system's error means; undefined for other codes. */
export function reasonOf(code: string): string | undefined {
  return reasons[code];
}

/** Turns a file system's error into one of ours: one line with the path and the reason. */
export function toFileError(error: unknown, operation: FileOperation, path: string): LabelfleetError {
  if (error instanceof LabelfleetError) return error;
  const code = systemCode(error) ?? "unknown error";
  const message =
    operation === "list" && gone.has(code)
      ? oneLine(code === "ENOTDIR" ? `${path} is not a folder: name a folder` : `folder ${path} does not exist`)
      : oneLine(`cannot ${operation} ${path}: ${reasons[code] ?? "the file system refuses"} (${code})`);
  return new LabelfleetError(ourCode(code, operation), message, { cause: error });
}

function ourCode(code: string, operation: FileOperation): ErrorCode {
  if (busy.has(code)) return "STORE_UNAVAILABLE";
  if (operation === "put" || operation === "delete") return "OUTPUT_UNWRITABLE";
  if (operation === "list") return gone.has(code) ? "BUCKET_NOT_FOUND" : "ACCESS_DENIED";
  // A link that became one between the check and the opening is refused by O_NOFOLLOW.
  if (code === "ELOOP") return "KEY_REFUSED";
  return gone.has(code) ? "OBJECT_NOT_FOUND" : "OBJECT_DENIED";
}
