import { toLabelfleetError } from "@labelfleet/shared/errors";
import { Releasers } from "@labelfleet/shared/releasers";
import { listenForShutdown, type StopSignal } from "@labelfleet/shared/shutdown";
import type { CommandContext } from "./command-context.js";

/** Runs a command that holds things: signals abort its signal, and whatever it pushed is released however it ends. */
export async function withReleasers<T>(
  { config, logger }: CommandContext,
  work: (releasers: Releasers, signal: AbortSignal) => Promise<T>,
  endAtOnce?: (name: StopSignal) => void,
): Promise<T> {
  const shutdown = listenForShutdown(endAtOnce);
  const releasers = new Releasers();
  releasers.push("signals", () => shutdown.release());
  try {
    if (config.tracesEndpoint !== null) {
      const { startTracing } = await import("@labelfleet/shared/queue/tracing");
      releasers.push("traces", await startTracing());
    }
    return await work(releasers, shutdown.signal);
  } finally {
    await releasers.releaseAll((name, error) => logger.warn(`${name}: ${toLabelfleetError(error).message}`));
  }
}
