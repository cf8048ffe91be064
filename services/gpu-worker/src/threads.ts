import type { Worker } from "node:worker_threads";
import { within } from "@labelfleet/shared/shutdown";

const endMs = 3_000;

/**
 * Ends a thread; false when it does not end. A thread that is in native code, or has work on libuv's pool that does not
 * return, cannot be ended, and neither can its process in Node's orderly way.
 */
export async function endThread(worker: Worker): Promise<boolean> {
  let ended = false;
  const ending = worker.terminate().then(() => {
    ended = true;
  });
  await within(endMs, ending);
  return ended;
}
