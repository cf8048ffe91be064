import { type WorkerStage, workerStages } from "@labelfleet/shared/contract/stats";
import { bar, sparkline } from "./bars.js";
import { formatCount, formatDuration } from "./format.js";

/** What is known of a run while it goes on. */
export interface Progress {
  done: number;
  failed: number;
  listed: number;
  listingComplete: boolean;
  elapsedSeconds: number;
}

/** The workers of the run's lane. */
export interface FleetFacts {
  workers: number;
  devices: string[];
  /** Of each stage's slots, the mean share of time in which they work, 0 to 1. */
  busy: Record<WorkerStage, number>;
  /** Why images are held back; null when they are not. */
  pause: string | null;
  /** Which object is being read for long; null when none is. */
  slowRead: string | null;
}

/** Rates over time, the newest last; null where none is known yet. */
export interface RateFacts {
  imagesPerSecond: number | null;
  history: readonly number[];
}

/** How many lines `liveBlock` has. */
export const liveBlockLines = 7;

const barWidth = 30;
const stageBarWidth = 20;
const sparkWidth = 24;

/** The view of a run on a terminal: progress, rate and time left, one bar a stage, failures and who works. */
export function liveBlock(progress: Progress, rate: RateFacts, fleet: FleetFacts | null): string[] {
  const stages = workerStages.map((stage) => {
    const share = fleet?.busy[stage] ?? 0;
    return `  ${stage.padEnd(7)}${bar(share, stageBarWidth)} ${fleet === null ? "" : `${Math.round(100 * share)} % busy`}`;
  });
  return [progressText(progress), rateText(progress, rate), ...stages, fleetText(progress, fleet)];
}

function progressText({ done, listed, listingComplete }: Progress): string {
  const images = `${formatCount(done)} / ${formatCount(listed)}${listingComplete ? "" : "+"} images`;
  // While the listing runs nobody knows the whole.
  if (!listingComplete) return `${"░".repeat(barWidth)} ${images}, listing`;
  const share = listed === 0 ? 1 : done / listed;
  return `${bar(share, barWidth)} ${Math.floor(100 * share)} %  ${images}`;
}

function rateText(progress: Progress, { imagesPerSecond, history }: RateFacts): string {
  const parts = [sparkline(history, sparkWidth).padEnd(sparkWidth)];
  if (imagesPerSecond !== null) parts.push(`${imagesPerSecond.toFixed(1)} images/s`);
  const eta = etaText(progress, imagesPerSecond);
  if (eta !== null) parts.push(eta);
  parts.push(`after ${formatDuration(progress.elapsedSeconds)}`);
  return parts.join("  ");
}

function fleetText({ failed, done }: Progress, fleet: FleetFacts | null): string {
  const failures = `${formatCount(failed)} failed`;
  if (fleet === null) return failures;
  if (fleet.pause !== null) return `${failures}  ${fleet.pause}`;
  // Images that are done were done by somebody: a missing heartbeat is no news then.
  if (fleet.workers === 0) return done > 0 ? failures : `${failures}  waiting for a worker`;
  const who = fleet.workers === 1 ? "1 worker" : `${formatCount(fleet.workers)} workers`;
  const where = fleet.devices.length === 0 ? ", loading" : ` on ${fleet.devices.join(", ")}`;
  const slow = fleet.slowRead === null ? "" : `  ${fleet.slowRead}`;
  return `${failures}  ${who}${where}${slow}`;
}

/** While the listing runs, what is left can only grow. */
export function etaText({ listed, done, listingComplete }: Progress, imagesPerSecond: number | null): string | null {
  if (imagesPerSecond === null || (listingComplete && done >= listed)) return null;
  return `ETA ${listingComplete ? "" : "at least "}${formatDuration((listed - done) / imagesPerSecond)}`;
}

/** The same in one line, for logs and small terminals. */
export function progressLine(progress: Progress, imagesPerSecond: number | null): string {
  const { done, listed, listingComplete, failed } = progress;
  const total = `${formatCount(listed)}${listingComplete ? "" : "+"}`;
  const share = listingComplete && listed > 0 ? ` (${Math.floor((100 * done) / listed)} %)` : "";
  const parts = [`${formatCount(done)} / ${total} images${share}`];
  if (imagesPerSecond !== null) parts.push(`${imagesPerSecond.toFixed(1)} images/s`);
  const eta = etaText(progress, imagesPerSecond);
  if (eta !== null) parts.push(eta);
  parts.push(`${formatCount(failed)} failed`);
  return parts.join(" · ");
}
