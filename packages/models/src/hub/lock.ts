import { type FileHandle, open, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { z } from "zod";
import { openLocked } from "./file-lock.js";

/** Told when a lock is waited for, first at once and then each `sayEveryMs`. */
export type OnWait = (waiting: { readonly owner: string; readonly waitedSeconds: number }) => void;

export interface LockOptions {
  readonly onWait?: OnWait;
  /** Unless given, somewhat more than a pull may take. */
  readonly maxWaitMs?: number;
}

const pollMs = 200;
const sayEveryMs = 30_000;
const defaultMaxWaitMs = 2.5 * 3_600_000;
/** An owner's description has some 100 bytes; the file may be anybody's. */
const maxOwnerBytes = 1_024;

const ownerSchema = z.object({ pid: z.int(), host: z.string().max(255), since: z.iso.datetime() });

/**
 * Runs `work` while holding the lock of a file, one at a time among all processes that share the file system. What a process that died
 * left behind is no obstacle (`file-lock.ts`); the file only says who has it.
 *
 * @throws LabelfleetError HUB_UNAVAILABLE when the lock was not free within `maxWaitMs`, OUTPUT_UNWRITABLE where there can be none
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const handle = await take(path, options);
  try {
    await handle.truncate(0);
    const owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
    await handle.write(`${JSON.stringify(owner)}\n`);
    return await work();
  } finally {
    // While it is locked: whoever opened this file meanwhile sees that the name is gone, and opens the next.
    await rm(path, { force: true });
    await handle.close();
  }
}

async function take(path: string, { onWait, maxWaitMs = defaultMaxWaitMs }: LockOptions): Promise<FileHandle> {
  const startedMs = performance.now();
  let nextWordMs = 0;
  for (;;) {
    const handle = await openLocked(path).catch((cause: NodeJS.ErrnoException) => {
      throw new LabelfleetError(
        "OUTPUT_UNWRITABLE",
        `${path} cannot be locked (${cause.code ?? cause.message}): does LABELFLEET_CACHE_DIR name a folder that can be written?`,
        { cause },
      );
    });
    if (handle !== null) return handle;
    const waitedMs = performance.now() - startedMs;
    if (waitedMs >= maxWaitMs) {
      throw new LabelfleetError(
        "HUB_UNAVAILABLE",
        `${await ownerOf(path)} has had ${path} for the ${Math.round(waitedMs / 1_000)} s of this wait: end that process, or try again later`,
      );
    }
    if (onWait && waitedMs >= nextWordMs) {
      nextWordMs = waitedMs + sayEveryMs;
      onWait({ owner: await ownerOf(path), waitedSeconds: waitedMs / 1_000 });
    }
    await sleep(Math.min(pollMs, maxWaitMs));
  }
}

/** Who has a lock, in words; the file may be empty, of an older version, or gone. */
async function ownerOf(path: string): Promise<string> {
  const unknown = "another process";
  const file = await open(path, "r").catch(() => null);
  if (file === null) return unknown;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxOwnerBytes), 0, maxOwnerBytes, 0);
    const { pid, host, since } = ownerSchema.parse(JSON.parse(buffer.toString("utf8", 0, bytesRead)));
    return `process ${pid} on ${host}, since ${since},`;
  } catch {
    return unknown;
  } finally {
    await file.close();
  }
}
