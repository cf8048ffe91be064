import { produceRun } from "@labelfleet/producer/produce";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { Redis } from "@labelfleet/shared/redis/connection";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { type CommandContext, printJson } from "./command-context.js";
import { exitCodeOf } from "./exit-code.js";
import { ProgressView } from "./view/progress-view.js";
import { reportText } from "./view/report-view.js";

/** Takes a run to its end with progress on stderr and the report on stdout. Returns the exit code. */
export async function followRun(
  context: CommandContext,
  run: { folder: RunFolder; spec: RunSpec; redis: Redis; redisUrl: string; signal: AbortSignal; startedMs: number },
): Promise<number> {
  const view = new ProgressView(process.stderr);
  try {
    const { outcome, report } = await produceRun({
      ...run,
      logger: context.logger,
      onProgress: (progress) => view.show(progress),
    });
    view.end();
    if (context.json) printJson(report ?? { run: run.folder.uri, complete: false, outcome });
    else if (report !== null) process.stdout.write(reportText(report));
    const advice = adviceFor(outcome, run.folder.uri);
    if (advice !== null) process.stderr.write(`${advice}\n`);
    return exitCodeOf(outcome);
  } finally {
    view.end();
  }
}

function adviceFor(outcome: string, uri: string): string | null {
  if (outcome === "stopped") return `Stopped. Finish it with: labelfleet resume ${uri}`;
  if (outcome === "incomplete") return `The run is incomplete. Finish it with: labelfleet resume ${uri}`;
  if (outcome === "too-many-failed") {
    return `More images failed than --max-failed allows. To go on all the same: labelfleet resume ${uri} --max-failed 100%`;
  }
  return null;
}
