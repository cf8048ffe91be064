import { startDashboard } from "@labelfleet/dashboard/server";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { connectRedis } from "@labelfleet/shared/redis/connection";
import { laneOfRun, registerRun } from "@labelfleet/shared/redis/registry";
import type { Releasers } from "@labelfleet/shared/releasers";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { type CommandContext, printJson } from "../command-context.js";
import { labelfleetCommand } from "../labelfleet-command.js";
import { startPrivateRedis } from "../local/private-redis.js";
import { noRedisUrl } from "../redis-for-command.js";
import { writeOut } from "../view/terminal.js";
import { withReleasers } from "../with-releasers.js";

export const defaultDashboardPort = 8080;

export interface DashboardFlags {
  host: string;
  port: number;
  readOnly?: boolean;
  queueActions?: boolean;
}

/**
 * The web page, until SIGTERM or Ctrl-C: of what the shared Redis knows and of the runs that are named. With those it needs no
 * shared Redis. @throws USAGE when neither is there, RUN_NOT_FOUND
 */
export async function dashboard(context: CommandContext, runs: string[], flags: DashboardFlags): Promise<number> {
  const { config, logger } = context;
  if (config.redisUrl === null && runs.length === 0) throw noRedisUrl();
  if (flags.readOnly && flags.queueActions) {
    throw new LabelfleetError("USAGE", "--read-only and --queue-actions exclude each other");
  }
  return withReleasers(context, async (releasers, signal) => {
    const redisUrl = config.redisUrl ?? (await privateRedis(releasers));
    for (const run of runs) await makeKnown(redisUrl, run, logger);
    const server = await startDashboard({
      host: flags.host,
      port: flags.port,
      isReadOnly: flags.readOnly ?? false,
      queueActions: flags.queueActions ?? false,
      redisUrl,
      token: config.dashboardToken ?? undefined,
      command: labelfleetCommand,
      localWorkers: config.redisUrl === null ? 1 : 0,
      logger,
    });
    releasers.push("dashboard", () => server.close());
    if (context.json) printJson({ url: server.url });
    else writeOut(`Dashboard: ${server.url}\n`);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return 0;
  });
}

async function privateRedis(releasers: Releasers): Promise<string> {
  const server = await startPrivateRedis();
  releasers.push("private redis-server", () => server.stop());
  return server.url;
}

/** Enters a run into the registry, where the page finds it; a run that is known there stays as it is. */
async function makeKnown(redisUrl: string, uri: string, logger: Logger): Promise<void> {
  const redis = await connectRedis(redisUrl);
  const folder = await RunFolder.open(uri);
  try {
    const { runId, frozen, overridable } = await folder.readSpec();
    const createdMs = Date.parse(frozen.created);
    if ((await laneOfRun(redis, { runId, createdMs })) !== null) return;
    const modelIds = frozen.models.map((model) => model.id);
    await registerRun(redis, { runId, lane: overridable.lane, run: folder.uri, modelIds, createdMs });
    logger.debug(`${folder.uri} is now known to Redis`);
  } finally {
    await folder.close();
    redis.disconnect();
  }
}
