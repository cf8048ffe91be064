import { expect, it } from "vitest";
import type { Overview, RunLine } from "../api/overview.js";
import { fleetReadings, measuredRuns } from "./fleet-metrics.js";

function runLine(changes: Partial<RunLine>): RunLine {
  return {
    runId: "run",
    run: "file:///run/",
    lane: "default",
    modelIds: ["m"],
    createdMs: 0,
    state: "feeding",
    images: 100,
    listingComplete: true,
    done: 40,
    ok: 38,
    failed: 2,
    imagesPerSecond: 6,
    etaSeconds: 10,
    rates: [],
    resumeCommand: null,
    ...changes,
  };
}

function overviewOf(runs: RunLine[]): Overview {
  const lane = { waiting: 5, active: 2, delayed: 1, failed: 0, oldestSeconds: 3, workers: 2 };
  return {
    atMs: 0,
    imagesPerSecond: 6,
    history: { atMs: [], imagesPerSecond: [] },
    runs,
    lanes: [
      { lane: "default", ...lane },
      { lane: "other", ...lane, oldestSeconds: null },
    ],
    workers: [],
  };
}

it("adds up the backlog of a lane's runs that are fed", () => {
  const { labelfleet_lane_backlog_images: images, labelfleet_lane_backlog_seconds: seconds } = fleetReadings(
    overviewOf([
      runLine({}),
      runLine({ runId: "b", images: 70, done: 10, imagesPerSecond: null }),
      runLine({ runId: "c", state: "idle" }),
    ]),
  );
  expect(images).toEqual([
    { labels: { lane: "default" }, value: 120 },
    { labels: { lane: "other" }, value: 0 },
  ]);
  expect(seconds?.[0]).toEqual({ labels: { lane: "default" }, value: 20 });
});

it("leaves out what cannot be known", () => {
  const readings = fleetReadings(overviewOf([runLine({ imagesPerSecond: null })]));
  expect(readings.labelfleet_lane_backlog_seconds?.map(({ labels }) => labels?.lane)).toEqual(["other"]);
  expect(readings.labelfleet_run_images_per_second).toEqual([]);
  expect(readings.labelfleet_lane_oldest_job_seconds).toEqual([{ labels: { lane: "default" }, value: 3 }]);
});

it("keeps to the newest runs", () => {
  const runs = Array.from({ length: measuredRuns + 5 }, (_, i) => runLine({ runId: `run-${i}` }));
  const states = fleetReadings(overviewOf(runs)).labelfleet_run_state ?? [];
  expect(states).toHaveLength(measuredRuns);
  expect(states[0]?.labels).toEqual({ run: "run-0", lane: "default", state: "feeding" });
});
