import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, open, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LabelfleetError } from "../errors.js";
import { etagOf } from "./file-list.js";
import { systemCode, temporaryPrefix } from "./file-names.js";
import type { PutBody } from "./object-store.js";

/** A lock this old belongs to a process that died holding it: it is held for two system calls. */
const lockStaleMs = 30_000;
const lockPollMs = 5;

/**
 * Writes a finished file (data on disk) beside `target` and returns its path and ETag. Its time is set to the microsecond,
 * after `laterThanNs`: file systems stamp in steps of milliseconds, and two writes of one size must not look the same.
 */
export async function writeTemporary(
  target: string,
  body: PutBody,
  laterThanNs = 0n,
): Promise<{ path: string; etag: string }> {
  const path = join(dirname(target), `${temporaryPrefix}${process.pid}-${randomUUID()}`);
  const handle = await open(path, "wx", 0o666);
  try {
    if (body instanceof Uint8Array) await handle.writeFile(body);
    // Each goes on where the last one ended.
    else for await (const piece of body) await handle.writeFile(piece);
    const nowUs = Math.floor((performance.timeOrigin + performance.now()) * 1000);
    const timeSeconds = Math.max(nowUs, Number(laterThanNs / 1000n) + 2) / 1e6;
    await handle.utimes(timeSeconds, timeSeconds);
    await handle.sync();
    return { path, etag: etagOf(await handle.stat({ bigint: true })) };
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Makes a folder and those above it. Not mkdir's `recursive`, which tries forever on file systems that answer ENOENT for
 * what they will not make, as /proc does.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return;
    const parent = dirname(folder);
    if (code !== "ENOENT" || parent === folder) throw error;
    // Somebody else may have made the parent since.
    if ((await stat(parent).catch(() => null)) === null) await makeFolder(parent);
    await mkdir(folder).catch((again: unknown) => {
      if (systemCode(again) !== "EEXIST") throw again;
    });
  }
}

/** Makes the names in a folder survive a power cut; a folder that cannot be synced (some network mounts) is left. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => null);
  if (!handle) return;
  await handle
    .sync()
    .catch(() => undefined)
    .finally(() => handle.close());
}

/** Renames `temporary` to `target` if the target's ETag is `etag`, alone among writers that do the same. */
export async function replaceIf(temporary: string, target: string, etag: string): Promise<void> {
  const release = await lock(target);
  try {
    const current = await stat(target, { bigint: true }).catch(() => null);
    if (current === null || etagOf(current) !== etag) throw lost(target);
    await rename(temporary, target);
  } finally {
    await release();
  }
}

/** Gives `temporary` the name `target` unless that is taken. link(2) is atomic, on NFS too. */
export async function createOnly(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    throw systemCode(error) === "EEXIST" ? lost(target) : error;
  }
  await unlink(temporary);
}

function lost(target: string): LabelfleetError {
  return new LabelfleetError("PRECONDITION_FAILED", `${JSON.stringify(target)} was written by another writer first`);
}

/** The lock of a target: a file whose name only one link(2) can take. */
async function lock(target: string): Promise<() => Promise<void>> {
  const folder = dirname(target);
  // Hashed, since a name may already be as long as names can be.
  const digest = createHash("sha256").update(basename(target)).digest("hex").slice(0, 32);
  const path = join(folder, `${temporaryPrefix}lock-${digest}`);
  const token = join(folder, `${temporaryPrefix}${process.pid}-${randomUUID()}`);
  await (await open(token, "wx")).close();
  try {
    for (;;) {
      try {
        await link(token, path);
        return () => unlink(path).catch(() => undefined);
      } catch (error) {
        if (systemCode(error) !== "EEXIST") throw error;
      }
      if (!(await breakStale(path, token))) await sleep(lockPollMs);
    }
  } finally {
    await unlink(token).catch(() => undefined);
  }
}

/** Removes a lock that its holder left behind; true when the way may be free now. */
async function breakStale(path: string, token: string): Promise<boolean> {
  const seen = await stat(path, { bigint: true }).catch(() => null);
  if (seen === null) return true;
  if (Date.now() - Number(seen.mtimeMs) < lockStaleMs) return false;
  // Taken away under a name of our own first: whoever else saw the stale lock may have broken it and locked anew.
  const taken = `${token}-broken`;
  if (
    !(await rename(path, taken).then(
      () => true,
      () => false,
    ))
  )
    return true;
  const got = await stat(taken, { bigint: true }).catch(() => null);
  if (got !== null && got.ino !== seen.ino) await link(taken, path).catch(() => undefined);
  await unlink(taken).catch(() => undefined);
  return true;
}
