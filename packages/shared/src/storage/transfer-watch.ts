import { hasStalled, looksPerWindow, readBoundMs } from "./retry-policy.js";

export interface WatchedTransfer {
  /** Bytes that came so far. */
  readonly transferredBytes: number;
  /** Of the whole; undefined while it is not known. */
  readonly sizeBytes: number | undefined;
}

/** Looks at a transfer from time to time, as long as it takes; a deadline from its first byte would end slow ones that do come. */
export function watchTransfer(
  transfer: WatchedTransfer,
  limits: { windowMs: number; startedMs: number; maxReadMs: number },
  end: { onStall: () => void; onBound: () => void },
): () => void {
  const beforeBytes = transfer.transferredBytes;
  const looks: number[] = [];
  const timer = setInterval(() => {
    looks.push(transfer.transferredBytes - beforeBytes);
    if (looks.length > looksPerWindow + 1) looks.shift();
    if (isOverBound(transfer, limits)) end.onBound();
    else if (hasStalled(looks, limits.windowMs)) end.onStall();
  }, limits.windowMs / looksPerWindow);
  return () => clearInterval(timer);
}

/** Whether all attempts together have taken what they may. */
export function isOverBound(
  { sizeBytes }: WatchedTransfer,
  { startedMs, maxReadMs }: { startedMs: number; maxReadMs: number },
): boolean {
  return performance.now() - startedMs >= readBoundMs(maxReadMs, sizeBytes ?? 0);
}
