import { FileStore } from "./file-store.js";
import type { ObjectStore } from "./object-store.js";
import type { S3Config } from "./s3-settings.js";
import { parseUri } from "./uri.js";

export interface StoreConfig {
  /** Defaults to what the process's environment says. */
  s3?: S3Config;
}

/**
 * Opens the store of an address. For S3 it covers the bucket and `prefix` is "", a folder ending in "/", or the string
 * before a trailing `*`; for files the store's root is the folder and `prefix` is "". Nothing is contacted yet. Throws USAGE.
 */
export async function openStore(
  uri: string,
  config: StoreConfig = {},
): Promise<{ store: ObjectStore; prefix: string }> {
  const parsed = parseUri(uri);
  if (parsed.kind === "file") return { store: new FileStore(parsed.dir), prefix: "" };
  // The SDK takes a quarter of a second to load, which a run on a folder does not need.
  const { S3Store } = await import("./s3-store.js");
  const s3 = config.s3 ?? (await import("./s3-config.js")).s3ConfigFromEnv(process.env);
  return { store: new S3Store(parsed.bucket, s3), prefix: parsed.prefix };
}
