import { cancelRun, checkNotCancelled, pauseRun } from "@labelfleet/producer/control";
import { checkComplete } from "@labelfleet/producer/retry/retry-run";
import type { ErrorCode } from "@labelfleet/shared/errors";
import type { Redis } from "@labelfleet/shared/redis/connection";
import type { OpenRun } from "../run/open-runs.js";

export const runActions = ["pause", "resume", "cancel", "retry"] as const;
export type RunAction = (typeof runActions)[number];

export interface ActionSurroundings {
  redis: Redis;
  redisUrl: string;
  /** Starts a producer for the words of a command: `resume <run>`. */
  startProducer: (words: string[]) => Promise<void>;
  /** Of a retry: which failed images; null for those that may succeed later. */
  retryCode: ErrorCode | null;
}

/**
 * Does what the command of the same name does. Returns what happened, for people.
 *
 * @throws RUN_CANCELLED, RUN_INCOMPLETE, and what a producer that ends at once says
 */
export async function actOn(run: OpenRun, action: RunAction, around: ActionSurroundings): Promise<string> {
  const { folder, spec } = run;
  const { redis, redisUrl, startProducer, retryCode } = around;
  switch (action) {
    case "pause":
      return (await pauseRun({ folder, spec, redis, redisUrl }))
        ? "Paused: workers finish the batches they hold"
        : "The run is already complete";
    case "cancel":
      return (await cancelRun({ folder, spec, shared: { redis, redisUrl } }))
        ? "Cancelled: existing results stay"
        : "The run is already complete";
    case "resume":
      await checkNotCancelled(folder);
      await startProducer(["resume", folder.uri]);
      return "Run resumed";
    case "retry":
      await checkComplete(folder);
      await startProducer(["retry", folder.uri, ...(retryCode === null ? [] : ["--code", retryCode])]);
      return retryCode === null ? "Retry started" : `Retry of images with ${retryCode} started`;
  }
}
