import { hasCode } from "../errors.js";
import type { ObjectStore } from "./object-store.js";

/**
 * Writes unless the key exists already: the first writer wins. Where the store refuses the condition (501, or a file system
 * without hard links) it looks before it writes, which is the weaker promise of docs/output.md.
 *
 * @returns whether this call wrote it
 */
export async function putFirst(
  store: ObjectStore,
  key: string,
  body: Uint8Array,
  contentType: string,
): Promise<boolean> {
  try {
    await store.put(key, body, { ifNoneMatch: "*", contentType });
    return true;
  } catch (error) {
    if (hasCode(error, "PRECONDITION_FAILED")) return false;
    if (!hasCode(error, "OUTPUT_UNWRITABLE")) throw error;
    if ((await store.head(key)) !== null) return false;
    await store.put(key, body, { contentType });
    return true;
  }
}
