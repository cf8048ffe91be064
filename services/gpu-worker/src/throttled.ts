const repeatAfterMs = 10_000;

/** Passes the same complaint on only every ten seconds: a lost connection repeats itself many times a second. */
export function throttled(report: (error: Error) => void): (error: Error) => void {
  let lastMessage = "";
  let lastMs = Number.NEGATIVE_INFINITY;
  return (error) => {
    const nowMs = performance.now();
    if (error.message === lastMessage && nowMs - lastMs < repeatAfterMs) return;
    lastMessage = error.message;
    lastMs = nowMs;
    report(error);
  };
}
