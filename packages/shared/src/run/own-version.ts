import { createHash } from "node:crypto";
import { hasCode } from "../errors.js";
import { isKnownEtag } from "../storage/etag.js";
import type { ObjectInfo, ObjectStore } from "../storage/object-store.js";
import { wholeShardBytes } from "./bounds.js";

/*
 * What stands for the ETag of a document or shard where the store's ETags name no version: a hash of its bytes, or for a shard that is
 * too large to be read at once its size and time. No store can compare that, so it is compared here, right before a rewrite.
 */
const ownPrefix = "labelfleet:";

export function isOwnVersion(etag: string): boolean {
  return etag.startsWith(ownPrefix);
}

/** Of what was read. */
export function versionOf(etag: string, body: Uint8Array): string {
  return isKnownEtag(etag, body.length) ? etag : hashOf(body);
}

/** Of what is too large for that. */
export function versionOfInfo({ etag, sizeBytes, lastModifiedMs }: ObjectInfo): string {
  return isKnownEtag(etag, sizeBytes) ? etag : `${ownPrefix}${sizeBytes}-${lastModifiedMs ?? "unknown"}`;
}

/** Of what lies there now; null where nothing does. */
export async function currentVersion(store: ObjectStore, key: string): Promise<string | null> {
  const info = await store.head(key);
  if (info === null) return null;
  const version = versionOfInfo(info);
  if (!isOwnVersion(version) || info.sizeBytes > wholeShardBytes) return version;
  try {
    const { body, etag } = await store.get(key, { maxBytes: wholeShardBytes });
    return versionOf(etag, body);
  } catch (error) {
    if (hasCode(error, "OBJECT_NOT_FOUND")) return null;
    throw error;
  }
}

function hashOf(body: Uint8Array): string {
  return `${ownPrefix}${createHash("sha256").update(body).digest("hex")}`;
}
