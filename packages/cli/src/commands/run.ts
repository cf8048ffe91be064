import type { CommandContext } from "../command-context.js";
import { firstRunEnvironment } from "../local/first-run.js";
import { startFleet, untilUsable } from "../local/fleet.js";
import { metricsAddressOf } from "../metrics-address.js";
import { prepareOptionsOf } from "../prepare-options.js";
import { type InferFlags, inferEnvironment, type MetricsFlags, type RunFlags } from "../run-flags.js";
import { threadPinsOf } from "../thread-pins.js";
import { withReleasers } from "../with-releasers.js";

/** All in one: the producer in this process, local workers, progress, report. Returns the exit code. */
export function run(
  context: CommandContext,
  input: string,
  flags: RunFlags & InferFlags & MetricsFlags & { workers: number },
): Promise<number> {
  const startedMs = Date.now();
  return withReleasers(context, async (releasers, signal) => {
    const options = await prepareOptionsOf(context, input, flags, flags.workers);
    // The workers load their libraries while the input is looked at; without a Redis nothing is begun.
    const fleet = await startFleet(context, releasers, {
      workers: flags.workers,
      lane: flags.lane,
      device: flags.device,
      threadPins: threadPinsOf(context, flags),
      env: { ...inferEnvironment(flags), ...firstRunEnvironment(options) },
    });
    if (flags.dashboard || flags.dashboardPort !== undefined) {
      const { startRunDashboard } = await import("../local/run-dashboard.js");
      await startRunDashboard(context, releasers, fleet.redisUrl, flags.dashboardPort);
    }
    const [{ prepareRun }, { followRun }] = await loadProducer();
    await untilUsable(fleet, signal);
    const prepared = await prepareRun({ ...options, signal });
    releasers.push("run folder", () => prepared.folder.close());
    for (const warning of prepared.warnings) context.logger.warn(warning);
    context.say(`Run: ${prepared.folder.uri}`);
    const either = AbortSignal.any([signal, fleet.failed]);
    const metricsAddress = metricsAddressOf(context, flags);
    const exitCode = await followRun(context, { ...prepared, ...fleet, signal: either, startedMs, metricsAddress });
    if (fleet.failed.aborted) throw fleet.failed.reason;
    return exitCode;
  });
}

/** Half of what this process loads; the workers' processes start meanwhile. */
function loadProducer() {
  return Promise.all([import("@labelfleet/producer/start/prepare-run"), import("../follow-run.js")]);
}
