import { accessSync, constants, lstatSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultCacheDir } from "@labelfleet/models/model-cache";
import { systemCode } from "@labelfleet/shared/storage/file-names";
import { toScratchError } from "@labelfleet/shared/storage/scratch-errors";
import type { CommandContext } from "./command-context.js";

let found: string | undefined;

/**
 * Where built graphs and pulled models lie: what LABELFLEET_CACHE_DIR says, or the user's cache folder. Without a home that can
 * be written it is a temporary folder, which is said once.
 *
 * @throws SCRATCH_UNWRITABLE when there is no temporary folder either
 */
export function cacheDirOf({ config, logger }: Pick<CommandContext, "config" | "logger">): string {
  if (config.cacheDir !== null) return config.cacheDir;
  found ??= usableCacheDir(process.env, (line) => logger.warn(line));
  return found;
}

/** @param say is told when it is a temporary folder, and why */
export function usableCacheDir(environment: NodeJS.ProcessEnv, say: (line: string) => void): string {
  let reason: string;
  try {
    const folder = defaultCacheDir(environment);
    if (isWritable(folder)) return folder;
    reason = `${folder} cannot be written`;
  } catch {
    reason = "this user has no home folder";
  }
  const folder = temporaryCacheDir();
  say(`${reason}: models are cached in ${folder}; set LABELFLEET_CACHE_DIR to keep them elsewhere`);
  return folder;
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** This user's own, so that later commands find the models again. */
function temporaryCacheDir(): string {
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `labelfleet-cache-${uid}`);
  try {
    makeOwn(folder);
    return isOwn(folder, uid) ? folder : mkdtempSync(`${folder}-`);
  } catch (error) {
    throw toScratchError(error, tmpdir(), "set LABELFLEET_CACHE_DIR to a folder that can be written");
  }
}

function makeOwn(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
}

/** Graphs are run, so nobody else may have put them there. */
function isOwn(folder: string, uid: number): boolean {
  const stats = lstatSync(folder);
  return stats.isDirectory() && stats.uid === uid && (stats.mode & 0o022) === 0;
}
