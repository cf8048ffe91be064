import { within } from "@labelfleet/shared/shutdown";
import type { Grace } from "../grace.js";

/** Keeps a run's batches in the queue until all are done, or there is a reason to stop. */
export interface Feeding<End> {
  run(signal: AbortSignal): Promise<End>;
}

/** Redis out of reach makes feeding wait for ever; the signal must end it nevertheless. */
export async function feedOrStop<End>(
  feeder: Feeding<End>,
  signal: AbortSignal,
  grace: Grace,
): Promise<End | "stopped"> {
  const feeding = feeder.run(signal);
  let wake = () => {};
  const aborted = new Promise<void>((resolve) => {
    wake = resolve;
  });
  signal.addEventListener("abort", wake, { once: true });
  await Promise.race([feeding, aborted]).finally(() => signal.removeEventListener("abort", wake));
  if (!signal.aborted) return feeding;
  await within(grace.leftMs(), feeding);
  return "stopped";
}
