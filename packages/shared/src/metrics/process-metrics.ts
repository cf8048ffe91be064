import { monitorEventLoopDelay } from "node:perf_hooks";
import { version } from "../version.js";
import type { MetricDefinitions, Readings } from "./metric.js";

const resolutionMs = 20;
const windowMs = 15_000;

export type Role = "worker" | "producer" | "dashboard";

export const processDefinitions = {
  labelfleet_build_info: {
    type: "gauge",
    help: "Always 1: which version runs in which role.",
    labels: ["role", "version", "node"],
  },
  labelfleet_ready: {
    type: "gauge",
    help: "Whether the process does its work now, as /readyz says: 1 or 0.",
    labels: [],
  },
  labelfleet_event_loop_delay_seconds: {
    type: "summary",
    help: "How late the main thread's event loop was over the last quarter of a minute; quantile 1 is the latest.",
    labels: ["quantile"],
  },
  labelfleet_cpu_seconds_total: { type: "counter", help: "Processor time of the process, all threads.", labels: [] },
  labelfleet_resident_memory_bytes: { type: "gauge", help: "Memory of the process.", labels: [] },
} as const satisfies MetricDefinitions;

const quantiles = [0.5, 0.99, 1];

/** What every role says of its process. */
export class ProcessMetrics {
  readonly #role: Role;
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout;
  #lastWindow: number[] | null = null;

  constructor(role: Role) {
    this.#role = role;
    this.#delay.enable();
    this.#timer = setInterval(() => {
      this.#lastWindow = this.#delaysSeconds();
      this.#delay.reset();
    }, windowMs);
    this.#timer.unref();
  }

  read(isReady: boolean): Readings<typeof processDefinitions> {
    const { user, system } = process.cpuUsage();
    const delays = this.#lastWindow ?? this.#delaysSeconds();
    const labels = { role: this.#role, version, node: process.versions.node };
    return {
      labelfleet_build_info: [{ labels, value: 1 }],
      labelfleet_ready: [{ value: isReady ? 1 : 0 }],
      labelfleet_event_loop_delay_seconds: quantiles.map((quantile, i) => ({
        labels: { quantile: String(quantile) },
        value: delays[i] ?? 0,
      })),
      labelfleet_cpu_seconds_total: [{ value: (user + system) / 1e6 }],
      labelfleet_resident_memory_bytes: [{ value: process.memoryUsage.rss() }],
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  /** Beyond the timer's own interval. */
  #delaysSeconds(): number[] {
    return quantiles.map((quantile) => {
      const seconds = this.#delay.percentile(100 * quantile) / 1e9 - resolutionMs / 1e3;
      return Math.max(0, Math.round(seconds * 1e4) / 1e4);
    });
  }
}
