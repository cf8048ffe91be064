import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { LabelfleetError } from "../errors.js";
import { within } from "../shutdown.js";
import { metricsContentType } from "./exposition.js";

/** Where a process tells how it is. */
export interface MetricsAddress {
  host: string;
  /** 0 picks a free port. */
  port: number;
}

export interface MetricsSource {
  /** Whether the process does its work now. */
  isReady: () => boolean;
  /** What Prometheus reads. */
  metrics: () => Promise<string>;
}

const maxConnections = 32;
const requestTimeoutMs = 5_000;
/** Whoever asks should hear that it failed before it stops waiting itself. */
const answerMs = 8_000;

/**
 * Serves `/metrics`, `/healthz` (the event loop answers) and `/readyz` (200 or 503).
 *
 * @throws USAGE when the address is taken or none of ours
 */
export async function serveMetrics(
  { host, port }: MetricsAddress,
  source: MetricsSource,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    const path = request.url?.split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "only GET\n");
    if (path === "/healthz") return answer(response, 200, "ok\n");
    if (path === "/readyz")
      return source.isReady() ? answer(response, 200, "ready\n") : answer(response, 503, "not ready\n");
    if (path !== "/metrics") return answer(response, 404, "there are /metrics, /healthz and /readyz\n");
    within(answerMs, source.metrics()).then(
      (text) => (text === undefined ? answer(response, 503, "") : answer(response, 200, text, metricsContentType)),
      () => answer(response, 503, ""),
    );
  });
  server.maxConnections = maxConnections;
  await listen(server, host, port);
  const { address, port: boundPort } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(":") ? `[${address}]` : address}:${boundPort}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new LabelfleetError(
          "USAGE",
          `metrics cannot be served on ${host}:${port} (${cause.code}): choose --metrics-port or LABELFLEET_METRICS_HOST`,
          { cause },
        ),
      ),
    );
    server.listen({ host, port }, () => resolve());
  });
}
