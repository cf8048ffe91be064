import { randomUUID } from "node:crypto";
import { hasCode, LabelfleetError } from "../errors.js";
import type { ObjectStore } from "./object-store.js";

/**
 * Whether the store honours If-None-Match, which the commit rule rests on: writes a small key below `keyPrefix` twice and
 * removes it. Throws CREDENTIALS_REFUSED, BUCKET_NOT_FOUND, OUTPUT_UNWRITABLE or what the store's weather brings when it
 * cannot be written at all.
 */
export async function probeConditionalPut(store: ObjectStore, keyPrefix: string): Promise<boolean> {
  const key = `${keyPrefix}labelfleet-probe-${randomUUID()}`;
  const body = Buffer.from("labelfleet checks conditional writes and removes this again\n");
  try {
    const accepted = await acceptsCondition(store, key, body);
    if (!accepted) return false;
    try {
      await store.put(key, body, { ifNoneMatch: "*" });
      return false;
    } catch (error) {
      if (hasCode(error, "PRECONDITION_FAILED")) return true;
      throw error;
    }
  } catch (error) {
    if (hasCode(error, "ACCESS_DENIED")) {
      throw new LabelfleetError("OUTPUT_UNWRITABLE", (error as LabelfleetError).message, { cause: error });
    }
    throw error;
  } finally {
    // A key left behind is not worth failing for: deleting may be forbidden where writing is not.
    await store.delete(key).catch(() => undefined);
  }
}

/** False when the store takes a plain write but refuses the header, as servers without the feature may. */
async function acceptsCondition(store: ObjectStore, key: string, body: Uint8Array): Promise<boolean> {
  try {
    await store.put(key, body, { ifNoneMatch: "*" });
    return true;
  } catch (error) {
    // Nobody else has this key: the write was done, its answer was lost, and its repetition met the condition.
    if (hasCode(error, "PRECONDITION_FAILED")) return true;
    if (!hasCode(error, "OUTPUT_UNWRITABLE")) throw error;
    await store.put(key, body);
    return false;
  }
}
