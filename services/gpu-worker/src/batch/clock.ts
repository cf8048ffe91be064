/** Time as the batcher needs it: the machine's, or a simulated one. */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Calls back once, in so many milliseconds. Returns what calls it off. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
