import { expect, it } from "vitest";
import { metricsText } from "./exposition.js";
import { byLabel, histogram, type MetricDefinitions, single, totals } from "./metric.js";

it("makes a histogram out of how often each value was seen", () => {
  const seen = new Map([
    [1, 3],
    [4, 2],
    [300, 1],
  ]);
  expect(histogram(seen, [1, 2, 4])).toEqual([
    { suffix: "_bucket", labels: { le: "1" }, value: 3 },
    { suffix: "_bucket", labels: { le: "2" }, value: 3 },
    { suffix: "_bucket", labels: { le: "4" }, value: 5 },
    { suffix: "_bucket", labels: { le: "+Inf" }, value: 6 },
    { suffix: "_sum", labels: {}, value: 311 },
    { suffix: "_count", labels: {}, value: 6 },
  ]);
});

it("writes metrics as Prometheus reads them, and leaves out what is not known", async () => {
  const definitions = {
    labelfleet_a_total: { type: "counter", help: "Things.", labels: ["kind"] },
    labelfleet_b_seconds: { type: "summary", help: "Waits.", labels: [] },
    labelfleet_c: { type: "gauge", help: "Unknown.", labels: [] },
  } as const satisfies MetricDefinitions;
  const text = await metricsText(definitions, {
    labelfleet_a_total: byLabel("kind", [['with "quotes"', 2]]),
    labelfleet_b_seconds: totals(3, 1.5),
    labelfleet_c: single(null),
  });
  expect(text.split("\n").filter((line) => line !== "")).toEqual([
    "# HELP labelfleet_a_total Things.",
    "# TYPE labelfleet_a_total counter",
    'labelfleet_a_total{kind="with \\"quotes\\""} 2',
    "# HELP labelfleet_b_seconds Waits.",
    "# TYPE labelfleet_b_seconds summary",
    "labelfleet_b_seconds_sum 1.5",
    "labelfleet_b_seconds_count 3",
    "# HELP labelfleet_c Unknown.",
    "# TYPE labelfleet_c gauge",
  ]);
});
