import { LabelfleetError } from "@labelfleet/shared/errors";

/**
 * Gives up waiting for a decode after its deadline. The decoder itself cannot be interrupted: it keeps its thread until
 * it returns.
 *
 * @throws DECODE_TIMEOUT
 */
export async function withDeadline<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new LabelfleetError("DECODE_TIMEOUT", `not decoded within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
