import { type Grace, within } from "../within.js";
import type { Feeder } from "./feeder.js";

/** Redis out of reach makes feeding wait for ever; the signal must end it nevertheless. */
export async function feedOrStop(
  feeder: Feeder,
  signal: AbortSignal,
  grace: Grace,
): Promise<"fed" | "too-many-failed" | "stopped"> {
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
