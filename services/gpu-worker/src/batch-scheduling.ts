import { readdirSync } from "node:fs";
import koffi from "koffi";

/** SCHED_OTHER and SCHED_BATCH of sched.h. */
const schedOther = 0;
const schedBatch = 3;

/**
 * Has Linux take all threads of this process (also V8's, and those of libuv's pool, which decode), and those that they start from then on, for
 * ones that compute (sched(7)): one that wakes up waits until another's time slice ends, at most some milliseconds. Threads
 * that load images otherwise interrupt inference several times an image, and both find the caches full of the other's memory.
 * Threads that somebody gave another policy (chrt) keep it.
 *
 * @returns whether the calling thread is one now; elsewhere nothing changes
 */
export function scheduleAsBatch(): boolean {
  if (process.platform !== "linux") return false;
  try {
    const libc = koffi.load("libc.so.6");
    const getScheduler = libc.func("int sched_getscheduler(int thread)");
    const setScheduler = libc.func("int sched_setscheduler(int thread, int policy, const int *priority)");
    for (const thread of [0, ...otherThreads()]) {
      if (getScheduler(thread) === schedOther) setScheduler(thread, schedBatch, [0]); // Fails for one that has ended.
    }
    return getScheduler(0) === schedBatch;
  } catch {
    return false; // Another C library.
  }
}

function otherThreads(): number[] {
  try {
    return readdirSync("/proc/self/task").map(Number);
  } catch {
    return []; // Without /proc only those started from now on.
  }
}
