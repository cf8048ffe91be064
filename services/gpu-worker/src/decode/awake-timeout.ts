const slices = 10;

/**
 * Calls back after this much time in which the process ran; returns what cancels it. A process that is stopped for a while
 * (SIGSTOP, a frozen container) has used up nobody's deadline: at most a tenth passes at once.
 */
export function setAwakeTimeout(timeoutMs: number, callback: () => void): () => void {
  let passed = 0;
  const timer = setInterval(() => {
    passed += 1;
    if (passed < slices) return;
    clearInterval(timer);
    callback();
  }, timeoutMs / slices);
  return () => clearInterval(timer);
}
