import type { Metric } from "prom-client";
import type { MetricDefinitions, Readings } from "./metric.js";

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * The metrics as Prometheus reads them. Everything is counted elsewhere already, so the registry is made for this one answer and
 * nothing is counted twice. prom-client is loaded by the first call.
 */
export async function metricsText<Definitions extends MetricDefinitions>(
  definitions: Definitions,
  readings: Readings<Definitions>,
): Promise<string> {
  const { Registry } = await import("prom-client");
  const registry = new Registry();
  for (const [name, { type, help }] of Object.entries(definitions)) {
    const samples = readings[name as keyof Definitions] ?? [];
    const values = samples.map(({ suffix, ...sample }) => ({ ...sample, metricName: `${name}${suffix ?? ""}` }));
    const metric = { name, help, type, get: async () => ({ name, help, type, values, aggregator: "sum" }) };
    // The registry asks no more of a metric than this, whatever its type says.
    registry.registerMetric(metric as unknown as Metric);
  }
  return registry.metrics();
}
