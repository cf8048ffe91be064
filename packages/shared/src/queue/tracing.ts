import { createRequire } from "node:module";
import type { Telemetry } from "bullmq";
import { within } from "../shutdown.js";
import { version } from "../version.js";

/** How long the last spans may take to reach their collector when a process ends. */
const flushMs = 3_000;

let telemetry: Telemetry | undefined;

/** What queues and consumers are given: BullMQ then makes a span of each add and each batch, and passes the trace on in the job. */
export function tracing(): { telemetry?: Telemetry } {
  return telemetry === undefined ? {} : { telemetry };
}

/**
 * Sends the spans of all queues and consumers that are opened from now on to the OTLP endpoint that the OTEL_ variables name.
 * Loads the SDK, so call it only where such an endpoint is set.
 *
 * @returns how to send what is left, within a bound
 */
export async function startTracing(): Promise<() => Promise<void>> {
  const [api, { BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, resources] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace-node"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  const own = resources.resourceFromAttributes({ "service.name": "labelfleet", "service.version": version });
  // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
  const given = resources.detectResources({ detectors: [resources.envDetector] });
  const provider = new NodeTracerProvider({
    resource: own.merge(given),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  const { BullMQOtel } = createRequire(import.meta.url)("bullmq-otel") as typeof import("bullmq-otel");
  telemetry = new BullMQOtel({ tracerName: "labelfleet", version });
  return async () => {
    telemetry = undefined;
    for (const registered of [api.trace, api.context, api.propagation]) registered.disable();
    await within(flushMs, provider.shutdown());
  };
}
