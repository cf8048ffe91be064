import { type MetricDefinitions, type Readings, type Sample, single } from "@labelfleet/shared/metrics/metric";
import type { LaneLine, Overview, RunLine } from "../api/overview.js";

/** Runs that have metrics of their own, the newest: each is a handful of time series. */
export const measuredRuns = 50;

export const fleetDefinitions = {
  labelfleet_fleet_images_per_second: {
    type: "gauge",
    help: "Of all runs together, over the last half minute.",
    labels: [],
  },
  labelfleet_fleet_workers: { type: "gauge", help: "Workers whose heartbeat is fresh.", labels: [] },
  labelfleet_lane_workers: { type: "gauge", help: "Those of them that take batches from the lane.", labels: ["lane"] },
  labelfleet_lane_batches: {
    type: "gauge",
    help: "Batches in the lane's queue: waiting, active, delayed (waiting for another attempt) or failed.",
    labels: ["lane", "state"],
  },
  labelfleet_lane_oldest_job_seconds: {
    type: "gauge",
    help: "Age of the oldest of the batches that come next; absent when none waits.",
    labels: ["lane"],
  },
  labelfleet_lane_backlog_images: {
    type: "gauge",
    help: "Images that are listed and not done, of the lane's runs that are being fed.",
    labels: ["lane"],
  },
  labelfleet_lane_backlog_seconds: {
    type: "gauge",
    help: "How long those will take at the present rate; absent while there is none.",
    labels: ["lane"],
  },
  labelfleet_run_state: {
    type: "gauge",
    help: "1 for the state of each of the newest runs; idle: not complete, and no producer is there.",
    labels: ["run", "lane", "state"],
  },
  labelfleet_run_images: {
    type: "gauge",
    help: "Images of each of the newest runs: listed, ok (every model has seen them) and failed.",
    labels: ["run", "lane", "status"],
  },
  labelfleet_run_images_per_second: {
    type: "gauge",
    help: "Over the last half minute; absent while it cannot be known.",
    labels: ["run", "lane"],
  },
} as const satisfies MetricDefinitions;

/** States in which a producer feeds a run. */
const fedStates: ReadonlySet<RunLine["state"]> = new Set(["listing", "feeding", "finalizing"]);

/** The fleet as the overview knows it. */
export function fleetReadings(overview: Overview): Readings<typeof fleetDefinitions> {
  const { runs, lanes, workers } = overview;
  const newest = runs.slice(0, measuredRuns);
  const backlogs = lanes.map(({ lane }) => ({ lane, ...backlogOf(lane, runs) }));
  return {
    labelfleet_fleet_images_per_second: single(overview.imagesPerSecond),
    labelfleet_fleet_workers: single(workers.length),
    labelfleet_lane_workers: lanes.map(({ lane, workers }) => ({ labels: { lane }, value: workers })),
    labelfleet_lane_batches: lanes.flatMap(batchSamples),
    labelfleet_lane_oldest_job_seconds: lanes.flatMap(({ lane, oldestSeconds }) => known({ lane }, oldestSeconds)),
    labelfleet_lane_backlog_images: backlogs.map(({ lane, images }) => ({ labels: { lane }, value: images })),
    labelfleet_lane_backlog_seconds: backlogs.flatMap(({ lane, seconds }) => known({ lane }, seconds)),
    labelfleet_run_state: newest.map((run) => ({ labels: { ...labelsOf(run), state: run.state }, value: 1 })),
    labelfleet_run_images: newest.flatMap(imageSamples),
    labelfleet_run_images_per_second: newest.flatMap((run) => known(labelsOf(run), run.imagesPerSecond)),
  };
}

function labelsOf({ runId, lane }: RunLine): { run: string; lane: string } {
  return { run: runId, lane };
}

function known(labels: Record<string, string>, value: number | null): Sample[] {
  return value === null ? [] : [{ labels, value }];
}

function batchSamples({ lane, ...batches }: LaneLine): Sample[] {
  const states = ["waiting", "active", "delayed", "failed"] as const;
  return states.map((state) => ({ labels: { lane, state }, value: batches[state] }));
}

function imageSamples(run: RunLine): Sample[] {
  const counts = { listed: run.images, ok: run.ok, failed: run.failed };
  return Object.entries(counts).map(([status, value]) => ({ labels: { ...labelsOf(run), status }, value }));
}

function backlogOf(lane: string, runs: RunLine[]): { images: number; seconds: number | null } {
  const fed = runs.filter((run) => run.lane === lane && fedStates.has(run.state));
  const images = fed.reduce((sum, run) => sum + Math.max(0, run.images - run.done), 0);
  const imagesPerSecond = fed.reduce((sum, run) => sum + (run.imagesPerSecond ?? 0), 0);
  if (images === 0) return { images, seconds: 0 };
  return { images, seconds: imagesPerSecond > 0 ? images / imagesPerSecond : null };
}
