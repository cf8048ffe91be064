import { expect, it } from "vitest";
import { LabelfleetError } from "../errors.js";
import { type FileOperation, toFileError } from "./file-errors.js";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: long text of the system`), { code });
}

// A full disk or a read-only mount cannot be made in a test, so the mapping is tested by itself.
it.each<[string, FileOperation, string, string]>([
  ["ENOSPC", "put", "OUTPUT_UNWRITABLE", "no space left"],
  ["EDQUOT", "put", "OUTPUT_UNWRITABLE", "quota"],
  ["EROFS", "put", "OUTPUT_UNWRITABLE", "read-only"],
  ["EACCES", "put", "OUTPUT_UNWRITABLE", "permission denied"],
  ["EACCES", "get", "OBJECT_DENIED", "permission denied"],
  ["EACCES", "list", "ACCESS_DENIED", "permission denied"],
  ["ENOENT", "get", "OBJECT_NOT_FOUND", "no such file"],
  ["EISDIR", "get", "OBJECT_NOT_FOUND", "EISDIR"],
  ["ENOENT", "list", "BUCKET_NOT_FOUND", "does not exist"],
  ["ENOTDIR", "list", "BUCKET_NOT_FOUND", "is not a folder: name a folder"],
  ["EMFILE", "get", "STORE_UNAVAILABLE", "too many open files"],
  ["EIO", "put", "STORE_UNAVAILABLE", "EIO"],
])("%s of a %s is %s", (code, operation, expected, words) => {
  const error = toFileError(systemError(code), operation, "/data/a\nb");
  expect(error.code).toBe(expected);
  expect(error.message).toContain("/data/a\\nb");
  expect(error.message).toMatch(new RegExp(`${words}[^\\n]*$`));
  expect(error.message).not.toContain("\n");
});

it("leaves our own errors as they are", () => {
  const ours = new LabelfleetError("KEY_REFUSED", "x");
  expect(toFileError(ours, "get", "/a")).toBe(ours);
});
