import { isDeepStrictEqual } from "node:util";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { DeviceChoice, MaxFailed, RunSpec } from "@labelfleet/shared/contract/run-spec";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import type { CommandContext } from "./command-context.js";
import type { FollowedRun } from "./follow-run.js";
import { firstRunEnvironment } from "./local/first-run.js";
import { startFleet, untilUsable } from "./local/fleet.js";
import { metricsAddressOf } from "./metrics-address.js";
import type { MetricsFlags } from "./run-flags.js";
import { withReleasers } from "./with-releasers.js";

/** Flags of every command that goes on with a run. */
export interface ContinueFlags extends MetricsFlags {
  lane?: string;
  maxFailed?: MaxFailed;
  maxPixels?: number;
  maxBytes?: number;
  decodeTimeout?: number;
  workers?: number;
  device?: DeviceChoice;
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
    await steps.check?.(folder);
    const spec = await override(folder, flags);
    const { lane } = spec.overridable;
    const workers = flags.workers ?? (context.config.redisUrl === null ? 1 : 0);
    const { input, output } = spec.frozen;
    const device = flags.device ?? spec.frozen.device;
    const env = firstRunEnvironment({ input, output });
    const fleet = await startFleet(context, releasers, { workers, lane, device, env });
    await untilUsable(fleet, signal);
    const either = AbortSignal.any([signal, fleet.failed]);
    const metricsAddress = metricsAddressOf(context, flags);
    const exitCode = await steps.work({ folder, spec, ...fleet, signal: either, startedMs, metricsAddress });
    if (fleet.failed.aborted) throw fleet.failed.reason;
    return exitCode;
  });
}

/** The run's spec with what the flags override, written to run.json so that workers, `status` and later commands know it. */
async function override(folder: RunFolder, flags: ContinueFlags): Promise<RunSpec> {
  const spec = await folder.readSpec();
  const { lane, maxFailed, limits } = spec.overridable;
  const overridable: RunSpec["overridable"] = {
    lane: flags.lane ?? lane,
    maxFailed: flags.maxFailed ?? maxFailed,
    limits: {
      maxPixels: flags.maxPixels ?? limits.maxPixels,
      maxObjectBytes: flags.maxBytes ?? limits.maxObjectBytes,
      decodeTimeoutMs: flags.decodeTimeout ?? limits.decodeTimeoutMs,
    },
  };
  if (isDeepStrictEqual(overridable, spec.overridable)) return spec;
  const overridden: RunSpec = { ...spec, overridable };
  const { etag } = (await folder.readBytes(runNames.spec))!;
  await folder.replaceJson(runNames.spec, overridden, spec.frozen.conditionalPut ? etag : undefined);
  return overridden;
}
