import { setFlagsFromString } from "node:v8";

/** Garbage may be so many percent of what lives in a thread's heap before it is collected. */
const growingPercent = 400;

/**
 * Lets V8 collect a thread's old generation late. It counts the memory of bytes and pixels that pass through a thread as if
 * it grew the heap, although most of it is freed young: with a loader thread's 15 MB the limit was soon reached after every
 * 20 images, and marking the rest of the heap four times a second took 5 % of a worker's CPU time. For all threads of the
 * process, at once: V8 reads the flag anew for each collection.
 */
export function collectLate(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
}
