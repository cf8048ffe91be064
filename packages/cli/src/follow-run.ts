import { type Produced, type ProduceOptions, produceRun } from "@labelfleet/producer/produce";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { MetricsAddress } from "@labelfleet/shared/metrics/serve";
import { printable } from "@labelfleet/shared/printable";
import type { Redis } from "@labelfleet/shared/redis/connection";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { type CommandContext, printJson } from "./command-context.js";
import { exitCodeOf } from "./exit-code.js";
import { readFleet, watchFleet } from "./read-fleet.js";
import { keepHeapSmall } from "./small-heap.js";
import { failedShareText } from "./view/failed-share.js";
import { counted, formatCount } from "./view/format.js";
import { ProgressView } from "./view/progress-view.js";
import { reportText } from "./view/report-view.js";
import { writeOut } from "./view/terminal.js";

export interface FollowedRun {
  folder: RunFolder;
  spec: RunSpec;
  redis: Redis;
  redisUrl: string;
  signal: AbortSignal;
  startedMs: number;
  /** Where the command serves metrics of the run; nowhere unless given. */
  metricsAddress?: MetricsAddress | null;
}

/** Takes a run to its end with progress on stderr and the report on stdout. Returns the exit code. */
export function followRun(context: CommandContext, run: FollowedRun): Promise<number> {
  return follow(context, run, produceRun, `npx labelfleet resume ${run.folder.uri}`);
}

/**
 * The same for any work on a run that ends with its report.
 *
 * @param again the command that goes on when the work was stopped
 * @param idle what to say where there was nothing to do
 */
export async function follow(
  context: CommandContext,
  run: FollowedRun,
  work: (options: ProduceOptions) => Promise<Produced>,
  again: string,
  idle: string | null = null,
): Promise<number> {
  keepHeapSmall();
  const metrics = await startMetrics(context, run);
  const view = new ProgressView(process.stderr, context.say);
  const watching = new AbortController();
  const { lane } = run.spec.overridable;
  const fleet = watchFleet(() => readFleet(run.redis, lane, run.spec.runId), watching.signal);
  try {
    const { outcome, ...produced } = await work({
      ...run,
      logger: context.logger,
      onProgress: (progress) => {
        view.show(progress, fleet.facts);
        metrics?.show(progress);
      },
    });
    view.end();
    if (produced.wasIdle && idle !== null) context.say(idle);
    if (!context.json) writeOut(produced.report === null ? "" : reportText(produced.report));
    else if (produced.report !== null) printJson(produced.report);
    else printJson({ run: run.folder.uri, complete: false, outcome, ...produced.known });
    const advice = adviceFor({ outcome, ...produced }, run, again);
    if (advice !== null) context.say(advice);
    return exitCodeOf(outcome);
  } finally {
    watching.abort();
    view.end();
    await metrics?.close();
  }
}

async function startMetrics({ logger }: CommandContext, { metricsAddress, redis, redisUrl, spec }: FollowedRun) {
  if (!metricsAddress) return null;
  const { serveProducerMetrics } = await import("@labelfleet/producer/producer-metrics");
  const { lane } = spec.overridable;
  const server = await serveProducerMetrics(metricsAddress, { redis, redisUrl, runId: spec.runId, lane });
  logger.info(`metrics at ${server.url}/metrics`);
  return server;
}

function adviceFor(produced: Produced, { folder: { uri }, spec }: FollowedRun, again: string): string | null {
  const { outcome, report } = produced;
  switch (outcome) {
    case "complete":
      return null;
    case "stopped":
      return `Stopped. Resume with: ${again}`;
    case "incomplete":
      return unfinished(produced, uri, again);
    case "paused":
      return `Paused. Resume with: ${again}`;
    case "cancelled":
      return `Cancelled. Existing results stay in ${uri}`;
    case "too-many-failed": {
      const share = report === null ? "Too many images failed" : failedShareText(report, spec.overridable.maxFailed);
      const aim = report?.complete ? "To accept that" : "To continue anyway";
      return `${share}. ${aim}: npx labelfleet resume ${uri} --max-failed 100%`;
    }
  }
}

/** How many images have no record, and why, as far as that is known. */
function unfinished({ report, reason }: Produced, uri: string, again: string): string {
  const images = report?.images ?? 0;
  const missing = images - (report?.ok ?? 0) - (report?.failed ?? 0);
  const why = reason === undefined ? "" : `: ${printable(reason.split("\n")[0]!)}`;
  if (missing > 0)
    return `${formatCount(missing)} of ${counted(images, "image")} not processed${why}. Then run: ${again}`;
  if (report?.complete) return `Not all images were retried${why}. Then run: ${again}`;
  return `The run is not complete${why}. For what is wrong, and what repairs it: npx labelfleet verify ${uri}`;
}
