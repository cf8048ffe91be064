import { metricsContentType, metricsText } from "@labelfleet/shared/metrics/exposition";
import { ProcessMetrics, processDefinitions } from "@labelfleet/shared/metrics/process-metrics";
import type { FastifyInstance } from "fastify";
import type { Overview } from "../api/overview.js";
import type { SharedPoller } from "../live/shared-poller.js";
import { fleetDefinitions, fleetReadings } from "./fleet-metrics.js";

/** As old as the overview may be that a scrape gets: several Prometheus servers cost no more than one. */
const freshMs = 5_000;

/** GET /metrics, /healthz (the process answers) and /readyz (and Redis is there). Returns how to stop measuring. */
export function addMetricsRoutes(
  app: FastifyInstance,
  {
    overview,
    isReady,
    assertReady,
  }: { overview: SharedPoller<Overview>; isReady: () => boolean; assertReady: () => void },
): { stop(): void } {
  let ownProcess: ProcessMetrics | null = null;
  app.get("/healthz", () => ({ ok: true }));
  app.get("/readyz", () => {
    assertReady();
    return { ok: true };
  });
  app.get("/metrics", async (_request, reply) => {
    ownProcess ??= new ProcessMetrics("dashboard");
    // Without Redis the process still says how it is itself.
    const fleet = isReady() ? fleetReadings((await overview.get(freshMs)).value) : {};
    const text = await metricsText(
      { ...processDefinitions, ...fleetDefinitions },
      { ...ownProcess.read(isReady()), ...fleet },
    );
    return reply.type(metricsContentType).send(text);
  });
  return { stop: () => ownProcess?.stop() };
}
