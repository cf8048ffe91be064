import { metricsText } from "./exposition.js";
import type { MetricDefinitions, Readings } from "./metric.js";
import { ProcessMetrics, processDefinitions, type Role } from "./process-metrics.js";
import { type MetricsAddress, serveMetrics } from "./serve.js";

export interface ProcessSource<Definitions extends MetricDefinitions> {
  role: Role;
  definitions: Definitions;
  /** Whether the process does its work now. */
  isReady: () => boolean;
  read: () => Readings<Definitions> | Promise<Readings<Definitions>>;
}

/** Serves a role's metrics together with those that every process has. @throws USAGE when the address is taken or none of ours */
export async function serveProcess<Definitions extends MetricDefinitions>(
  address: MetricsAddress,
  { role, definitions, isReady, read }: ProcessSource<Definitions>,
): Promise<{ url: string; close(): Promise<void> }> {
  const ownProcess = new ProcessMetrics(role);
  try {
    const server = await serveMetrics(address, {
      isReady,
      metrics: async () =>
        metricsText(
          { ...processDefinitions, ...definitions } as MetricDefinitions,
          { ...ownProcess.read(isReady()), ...(await read()) } as Readings<MetricDefinitions>,
        ),
    });
    return {
      url: server.url,
      async close() {
        ownProcess.stop();
        await server.close();
      },
    };
  } catch (error) {
    ownProcess.stop();
    throw error;
  }
}
