import type { MaxFailed } from "@labelfleet/shared/contract/run-spec";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import type { CommandContext } from "../command-context.js";
import { followRun } from "../follow-run.js";
import { startFleet } from "../local/fleet.js";
import { withReleasers } from "../with-releasers.js";

export interface ResumeFlags {
  lane?: string;
  maxFailed?: MaxFailed;
  workers?: number;
}

/** A producer again for a run that was interrupted; with local workers where no Redis is shared. */
export function resume(context: CommandContext, uri: string, flags: ResumeFlags): Promise<number> {
  const startedMs = Date.now();
  return withReleasers(context, async (releasers, signal) => {
    const folder = await RunFolder.open(uri);
    releasers.push("run folder", () => folder.close());
    const stored = await folder.readSpec();
    const { lane = stored.overridable.lane, maxFailed = stored.overridable.maxFailed } = flags;
    const spec = { ...stored, overridable: { ...stored.overridable, lane, maxFailed } };
    const workers = flags.workers ?? (context.config.redisUrl === null ? 1 : 0);
    const fleet = await startFleet(context, releasers, { workers, lane, device: spec.frozen.device });
    const either = AbortSignal.any([signal, fleet.failed]);
    const exitCode = await followRun(context, { folder, spec, ...fleet, signal: either, startedMs });
    if (fleet.failed.aborted) throw fleet.failed.reason;
    return exitCode;
  });
}
