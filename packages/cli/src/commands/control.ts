import { cancelRun, pauseRun } from "@labelfleet/producer/control";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { type CommandContext, printJson } from "../command-context.js";
import { sharedRedis } from "../redis-for-command.js";
import { writeOut } from "../view/terminal.js";
import { withReleasers } from "../with-releasers.js";

/** Stops the feeding of a run until `resume`. @throws USAGE when REDIS_URL is unset */
export function pause(context: CommandContext, uri: string): Promise<number> {
  return withReleasers(context, async (releasers) => {
    const shared = await sharedRedis(context, releasers);
    const folder = await RunFolder.open(uri);
    releasers.push("run folder", () => folder.close());
    const isPaused = await pauseRun({ folder, spec: await folder.readSpec(), ...shared });
    return tell(
      context,
      folder.uri,
      isPaused ? "paused" : "done",
      `Paused. Resume with: npx labelfleet resume ${folder.uri}`,
    );
  });
}

/** Stops a run for good; what is labelled stays. */
export function cancel(context: CommandContext, uri: string): Promise<number> {
  return withReleasers(context, async (releasers) => {
    const shared = context.config.redisUrl === null ? null : await sharedRedis(context, releasers);
    const folder = await RunFolder.open(uri);
    releasers.push("run folder", () => folder.close());
    const isCancelled = await cancelRun({ folder, spec: await folder.readSpec(), shared });
    return tell(
      context,
      folder.uri,
      isCancelled ? "cancelled" : "done",
      `Cancelled. Existing results stay in ${folder.uri}`,
    );
  });
}

function tell({ json }: CommandContext, run: string, state: "paused" | "cancelled" | "done", text: string): number {
  if (json) printJson({ run, state });
  else writeOut(`${state === "done" ? "The run is already complete" : text}\n`);
  return 0;
}
