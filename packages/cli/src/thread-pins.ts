import type { ThreadPins } from "@labelfleet/gpu-worker/cores";
import type { CommandContext } from "./command-context.js";
import type { InferFlags } from "./run-flags.js";

/** How a worker's cores are used, where a flag or else the environment says so. */
export function threadPinsOf({ config }: Pick<CommandContext, "config">, flags: InferFlags): ThreadPins {
  const { threadPins } = config;
  return {
    inferThreads: flags.inferThreads ?? threadPins.inferThreads,
    decodeSlots: flags.decodeSlots ?? threadPins.decodeSlots,
    loaderThreads: flags.loaderThreads ?? threadPins.loaderThreads,
    fetches: flags.fetches ?? threadPins.fetches,
  };
}
