import { LabelfleetError } from "./errors.js";

function stoppedBy(what: string): LabelfleetError {
  return new LabelfleetError("INTERRUPTED", `stopped by ${what}`);
}

/** Why the signal aborted when the process that started this one is gone: nobody waits for its work any more. */
export const parentEnded = stoppedBy("the end of its parent process");

/** How a process was asked to stop. */
export interface ShutdownSignal {
  readonly signal: AbortSignal;
  /** Undoes the handlers. */
  release(): void;
}

/**
 * SIGINT, SIGTERM and the loss of an IPC parent all abort one signal. The same signal a second time ends the process at
 * once, for people who cannot wait. Different ones do not: a terminal's Ctrl-C reaches a worker and its parent, which
 * then stops the worker with SIGTERM.
 */
export function listenForShutdown(): ShutdownSignal {
  const controller = new AbortController();
  const received = new Set<NodeJS.Signals>();
  const onSignal = (name: NodeJS.Signals) => {
    if (received.has(name)) process.exit(name === "SIGINT" ? 130 : 143);
    received.add(name);
    controller.abort(stoppedBy(name));
  };
  const onDisconnect = () => controller.abort(parentEnded);
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  process.on("disconnect", onDisconnect);
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      process.off("disconnect", onDisconnect);
    },
  };
}

/** Waits, or returns early when the signal aborts. Never throws. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** The work's result, or undefined when it takes longer than `boundMs`; what it rejects with within that time is passed on. */
export async function within<T>(boundMs: number, work: Promise<T>): Promise<T | undefined> {
  const timeUp = new AbortController();
  try {
    return await Promise.race([work, sleep(boundMs, timeUp.signal).then(() => undefined)]);
  } finally {
    timeUp.abort();
    work.catch(() => undefined);
  }
}
