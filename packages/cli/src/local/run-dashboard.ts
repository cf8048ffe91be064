import { startDashboard } from "@labelfleet/dashboard/server";
import { hasCode } from "@labelfleet/shared/errors";
import type { Releasers } from "@labelfleet/shared/releasers";
import type { CommandContext } from "../command-context.js";
import { defaultDashboardPort } from "../commands/dashboard.js";
import { labelfleetCommand } from "../labelfleet-command.js";

/**
 * The page beside a command that labels, at `port`; unset, at the usual port, or any other when that is taken. Says where on stderr.
 *
 * @throws USAGE when `port` is taken
 */
export async function startRunDashboard(
  { config, logger, say }: CommandContext,
  releasers: Releasers,
  redisUrl: string,
  port?: number,
): Promise<void> {
  const options = {
    redisUrl,
    token: config.dashboardToken ?? undefined,
    command: labelfleetCommand,
    // A Redis of its own has no workers but those that a command brings.
    localWorkers: config.redisUrl === null ? 1 : 0,
    logger,
  };
  const server = await startDashboard({ ...options, port: port ?? defaultDashboardPort }).catch((error: unknown) => {
    if (port !== undefined || !hasCode(error, "USAGE")) throw error;
    return startDashboard({ ...options, port: 0 });
  });
  releasers.push("dashboard", () => server.close());
  say(`Dashboard: ${server.url}`);
}
