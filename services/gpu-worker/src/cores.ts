import { affinityCores, cpuQuota } from "./cpu-limits.js";

/** How a worker's cores are used. */
export interface ThreadPlan {
  inferThreads: number;
  decodeSlots: number;
  loaderThreads: number;
  fetchSlotsPerLoader: number;
}

/** Numbers that somebody fixed, null where the cores decide. */
export interface ThreadPins {
  inferThreads: number | null;
  decodeSlots: number | null;
  loaderThreads: number | null;
  /** GETs at once, in all loader threads together. */
  fetches: number | null;
}

export const noPins: ThreadPins = { inferThreads: null, decodeSlots: null, loaderThreads: null, fetches: null };

/** Decode slots that one loader thread serves before its event loop becomes the limit. */
const decodeSlotsPerLoader = 4;
/**
 * Decodes past their deadline that a loader thread may leave behind on libuv's pool; with so many it decodes in a process.
 * When the last free slots hang all at once there are as many more as there are slots.
 */
export const maxOverdueDecodes = 2;
/** Threads of libuv's pool beside the decoders: files, name look-ups, compression. */
const otherPoolThreads = 3;
/** Fetches mostly wait for the network; they are overlapped, not parallel. */
const fetchSlotsPerDecode = 4;
/**
 * The most that decoding may need of the cores: 12 of 23 ms for Lite0 at 12 megapixels. At 500x375 it is 2 of 14, and for
 * heavier networks less; slots that are not needed then wait, because the image budget is full.
 */
const decodeShare = 0.6;
/** A decode slot more, for decoders wait for a core, too, while a session has it. Fetches and loader threads do without. */
const spareDecodeSlots = 1;

/** Cores that this process may use: its affinity, and the CPU quota where there is one, to the nearest whole core. */
export function usableCores(affinity = affinityCores(), quota = cpuQuota()): number {
  return Math.max(1, Math.min(affinity, Math.round(quota)));
}

/**
 * One single-threaded session a core, and decode slots beside them. Whichever of the two is ahead soon waits for the other, so
 * on average no more threads run than there are cores.
 */
export function planThreads(cores: number, pins: ThreadPins = noPins): ThreadPlan {
  const busySlots = pins.decodeSlots ?? Math.ceil(cores * decodeShare);
  const loaderThreads = pins.loaderThreads ?? Math.ceil(busySlots / decodeSlotsPerLoader);
  const fetches = pins.fetches ?? fetchSlotsPerDecode * Math.ceil(busySlots / loaderThreads) * loaderThreads;
  return {
    inferThreads: pins.inferThreads ?? cores,
    decodeSlots: pins.decodeSlots ?? busySlots + spareDecodeSlots,
    loaderThreads,
    fetchSlotsPerLoader: Math.ceil(fetches / loaderThreads),
  };
}

/** Threads that libuv's pool needs so that something can be done even when as many decodes hang as can. */
export function uvThreadPoolSize({ decodeSlots, loaderThreads }: ThreadPlan): number {
  const decodeSlotsEach = Math.ceil(decodeSlots / loaderThreads);
  return loaderThreads * (maxOverdueDecodes - 1 + decodeSlotsEach) + otherPoolThreads;
}
