/** How a worker process ended. */
export interface WorkerEnd {
  /** null when it exited by itself. */
  signal: string | null;
  /** Ends in a row, this one included, of workers that did not live for long. */
  quickEnds: number;
}

/** A worker that says why it ends will say so again; one that was killed may have met one of a few deadly images. */
const maxQuickEnds = { byItself: 3, killed: 20 } as const;

const firstDelayMs = 500;
const maxDelayMs = 10_000;

/** How long to wait before another worker is started, or null when there is no use in it. */
export function restartDelayMs({ signal, quickEnds }: WorkerEnd): number | null {
  const bound = signal === null ? maxQuickEnds.byItself : maxQuickEnds.killed;
  if (quickEnds >= bound) return null;
  return Math.min(maxDelayMs, firstDelayMs * 2 ** Math.max(0, quickEnds - 1));
}
