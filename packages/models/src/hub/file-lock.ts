import { type FileHandle, open, stat } from "node:fs/promises";
import koffi from "koffi";

/** LOCK_EX and LOCK_NB of sys/file.h, the same on Linux and macOS. */
const exclusive = 2;
const notBlocking = 4;

/** flock(2) of the C library that Node itself runs on. */
let flock: ((fd: number, operation: number) => number) | null = null;

/**
 * Takes the advisory lock of an open file (flock(2)) unless another handle has it. The kernel gives it back when the handle is closed or
 * its process ends, however it ends: no lock outlives its owner, and no process id has to be believed.
 *
 * @throws an error with the `code` of errno where the file system knows no locks
 */
export function tryFlock(handle: FileHandle): boolean {
  flock ??= koffi.load(null).func("int flock(int fd, int operation)") as (fd: number, operation: number) => number;
  if (flock(handle.fd, exclusive | notBlocking) === 0) return true;
  const errno = koffi.errno();
  const codes = koffi.os.errno;
  if (errno === codes.EAGAIN || errno === codes.EWOULDBLOCK || errno === codes.EINTR) return false;
  const code = Object.keys(codes).find((name) => codes[name] === errno) ?? `errno ${errno}`;
  throw Object.assign(new Error(`flock: ${code}`), { code });
}

/**
 * Opens `path`, makes it where there is none, and locks it; null where another has it. The lock counts only while `path` names the
 * locked file: who has it may remove the file before giving it back.
 */
export async function openLocked(path: string): Promise<FileHandle | null> {
  const handle = await open(path, "a+", 0o600);
  try {
    if (tryFlock(handle) && (await isNamed(handle, path))) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return null;
}

/** Whether `path` still names the file that was opened. */
async function isNamed(handle: FileHandle, path: string): Promise<boolean> {
  const opened = await handle.stat({ bigint: true });
  const named = await stat(path, { bigint: true }).catch(() => null);
  return named !== null && named.ino === opened.ino && named.dev === opened.dev;
}
