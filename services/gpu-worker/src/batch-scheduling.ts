import koffi from "koffi";

/** SCHED_BATCH of sched.h. */
const schedBatch = 3;

/**
 * Has Linux take the calling thread, and those that it starts from then on, for ones that compute (sched(7)): one that wakes up
 * waits until another's time slice ends, at most some milliseconds. Threads that load images otherwise interrupt inference
 * several times an image, and both find the caches full of the other's memory. Threads of libuv's pool, which decode, were there before
 * and stay as they are.
 *
 * @returns whether it does; elsewhere nothing changes
 */
export function scheduleAsBatch(): boolean {
  if (process.platform !== "linux") return false;
  try {
    const libc = koffi.load("libc.so.6");
    const setScheduler = libc.func("int sched_setscheduler(int thread, int policy, const int *priority)");
    return setScheduler(0, schedBatch, [0]) === 0;
  } catch {
    return false; // Another C library.
  }
}
