/** A stretch of time, in Unix milliseconds. */
export interface Interval {
  startMs: number;
  endMs: number;
}

/** The same stretches without overlaps, in order. */
export function unionOf(intervals: Interval[]): Interval[] {
  const union: Interval[] = [];
  for (const { startMs, endMs } of intervals.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = union.at(-1);
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else union.push({ startMs, endMs });
  }
  return union;
}

/** Milliseconds of a union that lie before a moment: the run's own clock, which stands still between producers. */
export function activeMsBefore(union: Interval[], moment: number): number {
  return union.reduce((sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs, moment) - startMs), 0);
}

export function totalMs(union: Interval[]): number {
  return union.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}
