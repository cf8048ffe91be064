import { startDashboard } from "@labelfleet/dashboard/server";
import { type CommandContext, printJson } from "../command-context.js";
import { noRedisUrl } from "../redis-for-command.js";
import { withReleasers } from "../with-releasers.js";

/** The web page, until SIGTERM or Ctrl-C. */
export async function dashboard(context: CommandContext, flags: { host: string; port: number }): Promise<number> {
  const { config, logger } = context;
  const { redisUrl } = config;
  if (redisUrl === null) throw noRedisUrl();
  return withReleasers(context, async (releasers, signal) => {
    const server = await startDashboard({ ...flags, redisUrl, token: config.dashboardToken ?? undefined, logger });
    releasers.push("dashboard", () => server.close());
    if (context.json) printJson({ url: server.url });
    else process.stdout.write(`Dashboard: ${server.url}\n`);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return 0;
  });
}
