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

/** Whether a terminal that was closed ended what this process did. */
let hungUp = false;
export function wasHungUp(): boolean {
  return hungUp;
}

/** For a process that only waits for another one. */
export function onHangUp(end: () => void): void {
  process.on("SIGHUP", () => {
    hungUp = true;
    end();
  });
}

/** What an exit by each signal says: 128 and the signal's number, as shells have it. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
export type StopSignal = keyof typeof exitCodes;
const stopSignals = Object.keys(exitCodes) as StopSignal[];

/**
 * SIGINT, SIGTERM, SIGHUP (the terminal was closed) and the loss of an IPC parent all abort one signal. The same signal a second time ends the process at
 * once, for people who cannot wait. Different ones do not: a terminal's Ctrl-C reaches a worker and its parent, which
 * then stops the worker with SIGTERM.
 */
export function listenForShutdown(endAtOnce: (name: StopSignal) => void = exitBy): ShutdownSignal {
  const controller = new AbortController();
  const received = new Set<StopSignal>();
  const onSignal = (name: NodeJS.Signals) => {
    const known = name as StopSignal;
    if (received.has(known)) return endAtOnce(known);
    received.add(known);
    hungUp ||= known === "SIGHUP";
    controller.abort(stoppedBy(name));
  };
  const onDisconnect = () => controller.abort(parentEnded);
  for (const name of stopSignals) process.on(name, onSignal);
  process.on("disconnect", onDisconnect);
  return {
    signal: controller.signal,
    release() {
      for (const name of stopSignals) process.off(name, onSignal);
      process.off("disconnect", onDisconnect);
    },
  };
}

function exitBy(name: StopSignal): void {
  process.exit(exitCodes[name]);
}

/**
 * For a process with threads in native code: an exit in Node's way would take these away under it, and onnxruntime then
 * aborts with words of C++ on stderr.
 */
export function dieBy(name: StopSignal): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
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
