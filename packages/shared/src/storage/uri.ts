import { realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LabelfleetError } from "../errors.js";

/**
 * A parsed address. `prefix` is "" (the whole bucket), a folder ending in "/", or, where the address ended in `*`, a string
 * prefix as it stands before the `*`. `dir` is absolute.
 */
export type StoreUri = { kind: "s3"; bucket: string; prefix: string } | { kind: "file"; dir: string };

const bucketPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/**
 * Reads `s3://bucket/prefix`, `file:///dir` or a bare path. S3 prefixes are taken literally, without percent decoding, as
 * the AWS command line does. Throws USAGE.
 */
export function parseUri(text: string): StoreUri {
  if (text.trim() === "" || text.includes("\0")) throw usage(text, "give s3://bucket/prefix, file:///dir or a path");
  if (text.startsWith("s3://")) return parseS3(text);
  if (text.startsWith("file:")) return { kind: "file", dir: fileDir(text) };
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) throw usage(text, "only s3:// and file:// are supported");
  if (text.endsWith("*")) throw usage(text, "a trailing * works with s3:// only; name the folder and use --include");
  return { kind: "file", dir: resolve(text) };
}

/** The address as text that parseUri reads back to the same value: a `*` in a file's name is not one that means all. */
export function formatUri(uri: StoreUri): string {
  if (uri.kind === "file") return pathToFileURL(uri.dir).href.replaceAll("*", "%2A");
  const isString = uri.prefix !== "" && !uri.prefix.endsWith("/");
  return `s3://${uri.bucket}/${uri.prefix}${isString ? "*" : ""}`;
}

/**
 * Whether whatever is written under `output` would be listed under `input`; the same place counts as inside. Symbolic links
 * of folders that exist are resolved.
 */
export function isInside(output: StoreUri, input: StoreUri): boolean {
  if (output.kind === "s3" && input.kind === "s3") {
    return output.bucket === input.bucket && output.prefix.startsWith(input.prefix);
  }
  if (output.kind === "file" && input.kind === "file") return isPathInside(realDir(output.dir), realDir(input.dir));
  return false;
}

/** Whether `path` is `dir` or lies below it; both absolute and resolved. */
export function isPathInside(path: string, dir: string): boolean {
  const way = relative(dir, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`));
}

function parseS3(text: string): StoreUri {
  const rest = text.slice("s3://".length);
  const slash = rest.indexOf("/");
  const bucket = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? "" : rest.slice(slash + 1);
  if (bucket.endsWith("*")) throw usage(text, "a trailing * belongs behind the bucket, as in s3://bucket/pre*");
  if (!bucketPattern.test(bucket))
    throw usage(text, "the bucket's name is missing or not valid, expected s3://bucket/prefix");
  if (path.endsWith("*")) return { kind: "s3", bucket, prefix: path.slice(0, -1) };
  return { kind: "s3", bucket, prefix: path === "" || path.endsWith("/") ? path : `${path}/` };
}

function fileDir(text: string): string {
  if (text.endsWith("*")) throw usage(text, "a trailing * works with s3:// only; name the folder and use --include");
  try {
    return resolve(fileURLToPath(text));
  } catch {
    throw usage(text, "a file address has three slashes and an absolute path, as in file:///data/photos");
  }
}

/** The folder with symbolic links resolved as far as it exists. */
function realDir(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    const parent = dirname(dir);
    return parent === dir ? dir : join(realDir(parent), basename(dir));
  }
}

function usage(text: string, hint: string): LabelfleetError {
  return new LabelfleetError("USAGE", `${JSON.stringify(text)} is not an address labelfleet can use: ${hint}`);
}
