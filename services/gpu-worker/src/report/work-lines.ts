import { within } from "@labelfleet/shared/shutdown";

const everyMs = 30_000;
/** How long a line waits for the length of the queue: a Redis that is silent must not silence the worker. */
const waitingBoundMs = 5_000;

export interface WorkLinesOptions {
  /** Images done since the start. */
  images: () => number;
  /** Batches that wait on all lanes of the worker. */
  waiting: () => Promise<number>;
  say: (line: string) => void;
}

/** Says every 30 s what a worker does, so that one that works can be told from one that hangs. Returns how to stop. */
export function sayWork({ images, waiting, say }: WorkLinesOptions): () => void {
  let before = { images: images(), atMs: performance.now() };
  const timer = setInterval(async () => {
    const now = { images: images(), atMs: performance.now() };
    const imagesPerSecond = ((now.images - before.images) * 1_000) / (now.atMs - before.atMs);
    before = now;
    const inQueue = await within(waitingBoundMs, waiting()).catch(() => undefined);
    say(workLine({ images: now.images, imagesPerSecond, waiting: inQueue ?? null }));
  }, everyMs);
  return () => clearInterval(timer);
}

/** `waiting` is null where Redis does not say. */
export function workLine(work: { images: number; imagesPerSecond: number; waiting: number | null }): string {
  const queue =
    work.waiting === null ? "the queue cannot be read" : `${counted(work.waiting, "batch", "batches")} waiting`;
  return `${counted(work.images, "image", "images")} done, ${work.imagesPerSecond.toFixed(1)} images/s; ${queue}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}
