import { defaultCacheDir } from "@labelfleet/models/model-cache";
import type { Config } from "@labelfleet/shared/config";

/** Where built graphs and pulled models lie. */
export function cacheDirOf(config: Config): string {
  return config.cacheDir ?? defaultCacheDir();
}
