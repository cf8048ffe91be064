const repeatAfterMs = 10_000;

/** Passes the same complaint on only every ten seconds: a lost connection repeats itself many times a second. */
export function throttled(report: (error: unknown) => void): (error: unknown) => void {
  let lastMessage = "";
  let lastMs = Number.NEGATIVE_INFINITY;
  return (error) => {
    const nowMs = performance.now();
    const message = error instanceof Error ? error.message : String(error);
    if (message === lastMessage && nowMs - lastMs < repeatAfterMs) return;
    lastMessage = message;
    lastMs = nowMs;
    report(error);
  };
}
