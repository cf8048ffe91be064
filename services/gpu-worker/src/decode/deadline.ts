import { LabelfleetError } from "@labelfleet/shared/errors";

/**
 * Gives up waiting for a decode after its deadline. The decoder itself cannot be interrupted: it keeps its thread until
 * it returns, which `onLate` is told about.
 *
 * @throws DECODE_TIMEOUT
 */
export async function withDeadline<T>(
  timeoutMs: number,
  work: Promise<T>,
  onLate: (work: Promise<T>) => void = () => {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onLate(work);
      reject(new LabelfleetError("DECODE_TIMEOUT", `not decoded within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
