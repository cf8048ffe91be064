import { join, resolve } from "node:path";
import { hasCode } from "../errors.js";
import { pathOfKey } from "../storage/file-names.js";
import { parseUri } from "../storage/uri.js";

/**
 * Where an exported image is found: the file, or `s3://bucket/key`. With a folder that holds a copy of the input, the file
 * there; a key that is no file's name below a folder (`a//b`, `../c`) keeps its address.
 *
 * @param input the run's input, as in run.json
 */
export function imagePathsOf(input: string, imagesDir: string | null): (key: string) => string {
  const uri = parseUri(input);
  const addressOf = (key: string) => (uri.kind === "file" ? join(uri.dir, key) : `s3://${uri.bucket}/${key}`);
  if (imagesDir === null) return addressOf;
  const root = resolve(imagesDir);
  const folderLength = uri.kind === "file" ? 0 : uri.prefix.lastIndexOf("/") + 1;
  return (key) => {
    try {
      return pathOfKey(root, key.slice(folderLength));
    } catch (error) {
      if (!hasCode(error, "KEY_REFUSED")) throw error;
      return addressOf(key);
    }
  };
}
