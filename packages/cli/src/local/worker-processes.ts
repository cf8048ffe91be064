import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ThreadPins } from "@labelfleet/gpu-worker/cores";
import { lackingIn } from "@labelfleet/gpu-worker/process-environment";
import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { LogFormat } from "@labelfleet/shared/log-format";
import type { Logger } from "@labelfleet/shared/logger";
import { sleep, within } from "@labelfleet/shared/shutdown";
import { restartDelayMs } from "./restart-policy.js";
import { parseFromWorker, supervisedVariable } from "./worker-messages.js";

export interface WorkerProcessesOptions {
  count: number;
  redisUrl: string;
  lane: string;
  device: DeviceChoice;
  coresPerWorker: number;
  /** What else the workers find in their environment. */
  env: Record<string, string>;
  threadPins: ThreadPins;
  /** What a worker may take to finish its batches after SIGTERM. */
  graceMs: number;
  logger: Logger;
  /** Of the stderr that the workers share with this process. */
  logFormat: LogFormat;
}

/** A worker that lived for less met something that the next one may meet as well. */
const quickMs = 10_000;

/** Beyond its grace time, how long a worker may take to let go of everything before it is killed. */
const killAfterMs = 30_000;

const bin = fileURLToPath(new URL("../../bin/labelfleet.js", import.meta.url));

/** The workers of `run`: child processes, started again when they die, which happens to workers. */
export class WorkerProcesses {
  readonly #options: WorkerProcessesOptions;
  readonly #children = new Set<ChildProcess>();
  readonly #failed = new AbortController();
  readonly #isReady: Promise<void>;
  #onReady = () => {};
  #stopping = false;

  constructor(options: WorkerProcessesOptions) {
    this.#options = options;
    this.#isReady = new Promise((resolve) => {
      this.#onReady = resolve;
    });
    for (let i = 0; i < options.count; i++) this.#start(0);
  }

  /** Resolves when a worker takes batches. Rejects with why none can be kept alive. */
  async ready(): Promise<void> {
    const { signal } = this.#failed;
    await Promise.race([
      this.#isReady,
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
    ]);
    signal.throwIfAborted();
  }

  /** Aborts, with the error as its reason, when a worker cannot be kept alive. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** SIGTERM for all, and waits until they have finished what they hold; SIGKILL for those that do not come to an end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const children = [...this.#children];
    const ended = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of children) child.kill("SIGTERM");
    await within(this.#options.graceMs + killAfterMs, Promise.all(ended));
    for (const child of this.#children) child.kill("SIGKILL");
  }

  #start(quickEnds: number): void {
    const { redisUrl, lane, device, coresPerWorker, env, threadPins, logger, logFormat } = this.#options;
    const startedMs = Date.now();
    const child = spawn(process.execPath, [bin, "work", "--lane", lane, "--device", device], {
      // The IPC channel tells the worker when this process is gone.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: {
        ...process.env,
        ...lackingIn(process.env, coresPerWorker, threadPins),
        ...env,
        [supervisedVariable]: "1",
        REDIS_URL: redisUrl,
        LABELFLEET_CORES: String(coresPerWorker),
        // One process at a port, and that is this one.
        LABELFLEET_METRICS_PORT: "",
        // "worker ready" and the like are for people who start workers themselves.
        LABELFLEET_LOG_FORMAT: logFormat,
        LABELFLEET_LOG_LEVEL: logger.level === "info" ? "warn" : logger.level,
      },
    });
    this.#children.add(child);
    child.on("message", (message) => this.#receive(parseFromWorker(message)));
    child.once("error", (error) => {
      // Without a process there is no exit to follow.
      if (child.pid === undefined) child.emit("exit", null, error.message);
    });
    child.once("exit", (code, signal) => {
      this.#children.delete(child);
      if (this.#stopping || this.#failed.signal.aborted) return;
      const ends = Date.now() - startedMs < quickMs ? quickEnds + 1 : 1;
      const how = signal === null ? `exit code ${code}` : signal;
      const delayMs = restartDelayMs({ signal, quickEnds: ends });
      if (delayMs === null) {
        this.#failed.abort(new LabelfleetError("WORKER_DIED", `a worker ended ${ends} times in a row (${how})`));
        return;
      }
      logger.warn(`a worker ended (${how}) and is restarted; its batches return to the queue`);
      void sleep(delayMs).then(() => {
        if (!this.#stopping && !this.#failed.signal.aborted) this.#start(ends);
      });
    });
  }

  #receive(message: ReturnType<typeof parseFromWorker>): void {
    if (message?.type === "ready") this.#onReady();
    if (message?.type === "unfit") this.#failed.abort(new LabelfleetError(message.code, message.message));
  }
}
