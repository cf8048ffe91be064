import type { MetricsAddress } from "@labelfleet/shared/metrics/serve";
import type { CommandContext } from "./command-context.js";
import type { MetricsFlags } from "./run-flags.js";

/** Where a command serves its metrics; null for nowhere. */
export function metricsAddressOf({ config }: CommandContext, flags: MetricsFlags): MetricsAddress | null {
  const port = flags.metricsPort ?? config.metrics.port;
  return port === null ? null : { host: config.metrics.host, port };
}
