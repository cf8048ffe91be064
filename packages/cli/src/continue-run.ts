import type { MaxFailed, RunSpec } from "@labelfleet/shared/contract/run-spec";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import type { CommandContext } from "./command-context.js";
import type { FollowedRun } from "./follow-run.js";
import { startFleet } from "./local/fleet.js";
import { withReleasers } from "./with-releasers.js";

/** Flags of every command that goes on with a run. */
export interface ContinueFlags {
  lane?: string;
  maxFailed?: MaxFailed;
  workers?: number;
}

/**
 * Opens a run again, with what the flags override, and calls `work` with a Redis; with local workers where no Redis is shared.
 * `check` comes first, before anything is started.
 */
export function continueRun(
  context: CommandContext,
  uri: string,
  flags: ContinueFlags,
  steps: {
    check?: (folder: RunFolder) => Promise<void>;
    work: (run: FollowedRun) => Promise<number>;
  },
): Promise<number> {
  const startedMs = Date.now();
  return withReleasers(context, async (releasers, signal) => {
    const folder = await RunFolder.open(uri);
    releasers.push("run folder", () => folder.close());
    const stored = await folder.readSpec();
    await steps.check?.(folder);
    const { lane = stored.overridable.lane, maxFailed = stored.overridable.maxFailed } = flags;
    const spec: RunSpec = { ...stored, overridable: { ...stored.overridable, lane, maxFailed } };
    const workers = flags.workers ?? (context.config.redisUrl === null ? 1 : 0);
    const fleet = await startFleet(context, releasers, { workers, lane, device: spec.frozen.device });
    const either = AbortSignal.any([signal, fleet.failed]);
    const exitCode = await steps.work({ folder, spec, ...fleet, signal: either, startedMs });
    if (fleet.failed.aborted) throw fleet.failed.reason;
    return exitCode;
  });
}
