import { spawn } from "node:child_process";
import { constants } from "node:os";
import { usableCores } from "@labelfleet/gpu-worker/cores";
import { lackingIn } from "@labelfleet/gpu-worker/process-environment";
import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { dieBy, onHangUp } from "@labelfleet/shared/shutdown";
import { s3SettingsFromEnv } from "@labelfleet/shared/storage/s3-config";
import { cacheDirOf } from "../cache-dir.js";
import type { CommandContext } from "../command-context.js";
import { isUnfit, tellSupervisor } from "../local/worker-messages.js";
import { metricsAddressOf } from "../metrics-address.js";
import { noRedisUrl } from "../redis-for-command.js";
import type { InferFlags, MetricsFlags } from "../run-flags.js";
import { threadPinsOf } from "../thread-pins.js";
import { withReleasers } from "../with-releasers.js";

export interface WorkFlags extends InferFlags, MetricsFlags {
  lane: string[];
  allow?: string[];
  device: DeviceChoice;
}

/** One worker process, until SIGTERM. Returns the exit code. */
export async function work(context: CommandContext, flags: WorkFlags): Promise<number> {
  const { config, logger } = context;
  if (config.redisUrl === null) throw noRedisUrl();
  // Loader threads need these for a run in S3; what is wrong in them should not wait until then.
  const loaderS3 = s3SettingsFromEnv(process.env);
  const cores = config.cores ?? usableCores();
  const threadPins = threadPinsOf(context, flags);
  const lacking = lackingIn(process.env, cores, threadPins);
  if (lacking !== null) return inOtherEnvironment(lacking);
  // The process that only starts another one does without it.
  const { runWorker } = await import("@labelfleet/gpu-worker/worker");
  let isStuck = false;
  const options = {
    redisUrl: config.redisUrl,
    lanes: [...new Set(flags.lane)],
    allow: flags.allow ?? null,
    device: flags.device,
    simulated: config.simulatedDevice,
    cores,
    threadPins,
    loaderS3,
    cacheDir: cacheDirOf(context),
    graceMs: config.graceMs,
    inferTimeoutMs: config.inferTimeoutMs,
    maxPauseMs: config.maxPauseMs,
    maxReadMs: config.maxReadMs,
    maxRedisAwayMs: config.maxRedisAwayMs,
    maxBytesInFlight: config.maxBytesInFlight,
    maxBatchSize: flags.maxBatchSize ?? config.maxBatchSize,
    maxWaitMs: flags.maxWaitMs ?? config.maxWaitMs,
    deviceMemoryMib: flags.deviceMemory ?? config.deviceMemoryMib,
    firstInput: config.firstInput,
    firstOutput: config.firstOutput,
    metricsAddress: metricsAddressOf(context, flags),
    logger,
    onStuck: () => {
      isStuck = true;
    },
    onReady: () => void tellSupervisor({ type: "ready" }),
  };
  try {
    await withReleasers(context, (_, signal) => runWorker(options, signal), dieBy);
  } catch (error) {
    const known = toLabelfleetError(error);
    if (isStuck) logger.error(known.message);
    const isTold =
      isUnfit(known) && (await tellSupervisor({ type: "unfit", code: known.code, message: known.message }));
    if (!isTold) throw error;
    return known.exitCode;
  } finally {
    if (isStuck) endNow(logger);
  }
  return 0;
}

/** Everything is written and released by now, besides a thread that hangs in native code, for which exit would wait. */
function endNow(logger: Logger): void {
  logger.warn("a thread hangs and cannot be ended: this process ends by SIGKILL");
  process.kill(process.pid, "SIGKILL");
}

/** What is read only when a process starts: so the same command runs again in a process of its own. */
function inOtherEnvironment(lacking: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, process.argv.slice(1), {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, ...lacking },
  });
  const end = () => child.kill("SIGTERM");
  process.on("SIGTERM", end);
  // A terminal that is closed sends this to both: the child must not take it for the second of its kind.
  onHangUp(end);
  // A terminal sends Ctrl-C to both processes; this one only has to wait.
  process.on("SIGINT", () => {});
  process.on("disconnect", end);
  child.on("message", (message) => process.send?.(message));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal])));
  });
}
