import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import { setAwakeTimeout } from "./awake-timeout.js";

/**
 * Gives up waiting for a decode after its deadline. The decoder itself cannot be interrupted: it keeps its thread until
 * it returns, which `onLate` is told about.
 *
 * @throws DECODE_TIMEOUT
 */
export async function withDeadline<T>(
  timeoutMs: number,
  decode: () => Promise<T>,
  onLate: (work: Promise<T>) => void = () => {},
): Promise<T> {
  let isLate = false;
  let cancel = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = setAwakeTimeout(timeoutMs, () => {
      isLate = true;
      resolve();
    });
  });
  try {
    for (;;) {
      const work = decode();
      work.catch(() => {});
      try {
        const outcome = await Promise.race([work.then((value) => ({ value })), late]);
        if (outcome) return outcome.value;
        onLate(work);
        throw new LabelfleetError("DECODE_TIMEOUT", `not decoded within ${timeoutMs} ms`);
      } catch (error) {
        // The decoder's own clock goes on while the process is stopped, so it may be early by ours.
        if (isLate || !hasCode(error, "DECODE_TIMEOUT")) throw error;
      }
    }
  } finally {
    cancel();
  }
}
