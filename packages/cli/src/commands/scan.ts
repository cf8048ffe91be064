import { prepareRun } from "@labelfleet/producer/start/prepare-run";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import { liveWorkers } from "@labelfleet/shared/redis/registry";
import type { CommandContext } from "../command-context.js";
import { followRun } from "../follow-run.js";
import { metricsAddressOf } from "../metrics-address.js";
import { prepareOptionsOf } from "../prepare-options.js";
import { sharedRedis } from "../redis-for-command.js";
import type { MetricsFlags, RunFlags } from "../run-flags.js";
import { writeErr, writeOut } from "../view/terminal.js";
import { withReleasers } from "../with-releasers.js";

/** The producer alone, for workers on other machines. Prints the run's URI first. Returns the exit code. */
export function scan(context: CommandContext, input: string, flags: RunFlags & MetricsFlags): Promise<number> {
  const startedMs = Date.now();
  const { logger, json } = context;
  return withReleasers(context, async (releasers, signal) => {
    const { redis, redisUrl } = await sharedRedis(context, releasers, { logsWarnings: true, lanes: [flags.lane] });
    const workers = (await liveWorkers(redis, await redisNowMs(redis))).filter((worker) =>
      worker.lanes.includes(flags.lane),
    );
    if (workers.length === 0) {
      logger.warn(
        `no worker is on lane ${flags.lane} yet: start some with \`npx labelfleet work --lane ${flags.lane}\``,
      );
    }
    if (flags.dashboard || flags.dashboardPort !== undefined) {
      const { startRunDashboard } = await import("../local/run-dashboard.js");
      await startRunDashboard(context, releasers, redisUrl, flags.dashboardPort);
    }
    const options = await prepareOptionsOf(context, input, flags, Math.max(1, workers.length));
    const prepared = await prepareRun({ ...options, signal });
    releasers.push("run folder", () => prepared.folder.close());
    for (const warning of prepared.warnings) logger.warn(warning);
    (json ? writeErr : writeOut)(`${prepared.folder.uri}\n`);
    const metricsAddress = metricsAddressOf(context, flags);
    return followRun(context, { ...prepared, redis, redisUrl, signal, startedMs, metricsAddress });
  });
}
