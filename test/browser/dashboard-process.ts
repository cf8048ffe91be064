import type { Rig } from "../e2e/rig.js";

export interface DashboardProcess {
  url: string;
  /** Ends it in good order. */
  stop(): Promise<void>;
}

/** `labelfleet dashboard` on a free port, over the suite's Redis. */
export async function startDashboard(
  rig: Rig,
  words: string[] = [],
  env: Record<string, string> = {},
): Promise<DashboardProcess> {
  const process = rig.cli.start(["dashboard", "--port", "0", ...words], { ...rig.shared, ...env });
  const [, url] = await process.until(/Dashboard: (http:\S+)/);
  return {
    url: url!,
    async stop() {
      process.kill("SIGTERM");
      await process.result();
    },
  };
}
