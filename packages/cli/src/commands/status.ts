import { currentLane } from "@labelfleet/producer/control";
import { type RunStatus, readStatus } from "@labelfleet/producer/status";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import { printable } from "@labelfleet/shared/printable";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import { warnOfMalformed } from "@labelfleet/shared/redis/malformed";
import { knownRuns } from "@labelfleet/shared/redis/registry";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { sleep } from "@labelfleet/shared/shutdown";
import { type CommandContext, printJson } from "../command-context.js";
import { readFleet } from "../read-fleet.js";
import { noRedisUrl } from "../redis-for-command.js";
import { formatBytes, formatCount, formatDuration, formatTable } from "../view/format.js";
import { ProgressView } from "../view/progress-view.js";
import { writeOut } from "../view/terminal.js";
import { withReleasers } from "../with-releasers.js";

const watchEveryMs = 2_000;
const shownRuns = 20;
/** And the cursor to its top. */
const clearScreen = "\u001b[2J\u001b[H";

/** Where one run stands, or all runs that Redis knows; `--watch` goes on until the run is done. */
export function status(context: CommandContext, uri: string | undefined, flags: { watch?: boolean }): Promise<number> {
  const { config, logger } = context;
  return withReleasers(context, async (releasers, signal) => {
    const redis = config.redisUrl === null ? null : await connectRedis(config.redisUrl);
    releasers.push("redis", () => redis?.disconnect());
    if (redis !== null) warnOfMalformed(redis, (line) => logger.warn(line));
    if (flags.watch && uri !== undefined && !context.json) {
      const last = await watchRun(uri, redis, signal);
      writeOut(statusTable([last]) + waitLines(last));
      return 0;
    }
    for (;;) {
      const statuses = uri === undefined ? await statusOfAll(redis, context.say) : [await statusOf(uri, redis)];
      const isLast = !flags.watch || signal.aborted || statuses.every(({ state }) => isOver(state));
      const text = statusTable(statuses) + statuses.map(waitLines).join("");
      if (!context.json) {
        if (flags.watch && process.stdout.isTTY) process.stdout.write(clearScreen);
        writeOut(text);
      } else if (isLast) printJson(uri === undefined ? { runs: statuses } : statuses[0]);
      if (isLast) return 0;
      await sleep(watchEveryMs, signal);
    }
  });
}

/** Shows one run until it is over, or the signal aborts. Returns where it stands then. */
async function watchRun(uri: string, redis: Redis | null, signal: AbortSignal): Promise<RunStatus> {
  const folder = await RunFolder.open(uri);
  const view = new ProgressView(process.stdout, (line) => writeOut(`${line}\n`));
  const startedMs = Date.now();
  try {
    const spec = await folder.readSpec();
    for (;;) {
      const status = await readStatus(folder, redis);
      if (isOver(status.state) || signal.aborted) return status;
      const { done, failed, images, listingComplete } = status;
      const elapsedSeconds = (Date.now() - startedMs) / 1_000;
      const fleet = redis && (await readFleet(redis, await currentLane(redis, spec), spec.runId));
      view.show({ done, failed: failed ?? 0, listed: images, listingComplete, elapsedSeconds }, fleet);
      await sleep(watchEveryMs, signal);
    }
  } finally {
    view.end();
    await folder.close();
  }
}

function isOver(state: RunStatus["state"]): boolean {
  return state === "done" || state === "cancelled";
}

async function statusOf(uri: string, redis: Redis | null): Promise<RunStatus> {
  const folder = await RunFolder.open(uri);
  try {
    return await readStatus(folder, redis);
  } finally {
    await folder.close();
  }
}

async function statusOfAll(redis: Redis | null, say: (line: string) => void): Promise<RunStatus[]> {
  if (redis === null) throw noRedisUrl();
  const runs = await knownRuns(redis, shownRuns);
  const settled = await Promise.allSettled(runs.map(({ run }) => statusOf(run, redis)));
  return settled.flatMap((result, i) => {
    if (result.status === "fulfilled") return [result.value];
    // Its folder was deleted, or lies on another machine: the other runs are still worth showing.
    say(`${runs[i]!.run} cannot be read: ${toLabelfleetError(result.reason).message}`);
    return [];
  });
}

function statusTable(statuses: RunStatus[]): string {
  if (statuses.length === 0) return "No runs in this Redis\n";
  const about = (status: RunStatus, count: number) => `${status.isApproximate ? "about " : ""}${formatCount(count)}`;
  return formatTable(
    ["run", "state", "done", "images", "failed", "images/s", "time left"],
    statuses.map((status) => [
      status.run,
      status.state,
      about(status, status.done),
      `${about(status, status.images)}${status.listingComplete ? "" : "+"}`,
      status.failed === null ? "–" : formatCount(status.failed),
      status.imagesPerSecond?.toFixed(1) ?? "–",
      status.etaSeconds === null ? "–" : formatDuration(status.etaSeconds),
    ]),
  );
}

function waitLines(status: RunStatus): string {
  return pauseLine(status) + slowReadLines(status);
}

/** What keeps a run's workers waiting, in a line below the table; "" where nothing does. */
function pauseLine({ run, inputPause }: RunStatus): string {
  if (inputPause === null) return "";
  const { input, code, since, workers } = inputPause;
  const who = workers === 1 ? "1 worker waits" : `${workers} workers wait`;
  return `${printable(`${run} paused: ${input} refuses (${code}), since ${since}; ${who} until it can be read`)}\n`;
}

/** Objects that take long to read, one in a line below the table; "" where none does. */
function slowReadLines({ run, slowReads }: RunStatus): string {
  return slowReads
    .map(({ key, seconds, receivedBytes, sizeBytes }) => {
      const bytes = sizeBytes === null ? "no answer yet" : `${formatBytes(receivedBytes)} of ${formatBytes(sizeBytes)}`;
      return `${printable(`${run} waits for ${key}: ${bytes} after ${formatDuration(seconds)}`)}\n`;
    })
    .join("");
}
