import { setTimeout as sleep } from "node:timers/promises";
import { workerEnvironment } from "@labelfleet/gpu-worker/process-environment";
import type { CliProcess, CliResult } from "../../support/cli.js";
import { coresPerWorker, type FaultRig } from "../fault-rig.js";

const restartMs = 300;
const endMs = 30_000;

/** Workers and a producer that somebody looks after, as systemd or Kubernetes do: what ends is started again. */
export class Fleet {
  readonly #rig: FaultRig;
  readonly #flags: string[];
  readonly #workers: (CliProcess | undefined)[];
  readonly #keeping: Promise<void>[] = [];
  #producer: CliProcess | undefined;
  #run: string | null = null;
  #isStopping = false;
  /** How often something was started again. */
  restarts = 0;

  constructor(rig: FaultRig, options: { workers: number; flags: string[] }) {
    this.#rig = rig;
    this.#flags = options.flags;
    this.#workers = new Array(options.workers).fill(undefined);
  }

  /** Starts all, and resolves to the run when a first producer has named it. Nothing may go wrong until then. */
  async start(): Promise<string> {
    await Promise.all(this.#workers.map((_, i) => this.#startWorker(i)));
    const { scan, run } = await this.#rig.scan(this.#flags, { REDIS_URL: this.#rig.proxy.url });
    this.#producer = scan;
    this.#run = run;
    for (let i = 0; i < this.#workers.length; i++) this.#keeping.push(this.#keepWorker(i));
    return run;
  }

  worker(i: number): CliProcess | undefined {
    return this.#workers[i];
  }

  get producer(): CliProcess | undefined {
    return this.#producer;
  }

  /** Starts producers until one ends with 0: the run is complete. Rejects after `timeoutMs`. */
  async completed(timeoutMs: number): Promise<void> {
    const deadlineMs = Date.now() + timeoutMs;
    for (;;) {
      const leftMs = Math.max(1, deadlineMs - Date.now());
      const result = await this.#producer!.result(leftMs);
      if (result.exitCode === 0) return;
      if (Date.now() > deadlineMs) throw new Error(`the run did not end in ${timeoutMs} ms: ${said(result)}`);
      await sleep(restartMs);
      this.restarts++;
      this.#producer = this.#rig.resume(this.#run!, { REDIS_URL: this.#rig.proxy.url });
    }
  }

  /** SIGTERM for the workers. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const worker of this.#workers) {
      worker?.kill("SIGCONT");
      worker?.kill("SIGTERM");
    }
    await Promise.all(this.#keeping);
  }

  async #keepWorker(i: number): Promise<void> {
    while (!this.#isStopping) {
      await this.#workers[i]!.ended;
      if (this.#isStopping) return;
      await sleep(restartMs);
      if (this.#isStopping) return;
      this.restarts++;
      this.#workers[i] = this.#begin();
    }
    await this.#workers[i]?.result(endMs);
  }

  async #startWorker(i: number): Promise<void> {
    this.#workers[i] = this.#begin();
    await this.#workers[i].until(/worker ready/);
  }

  #begin(): CliProcess {
    // As `run` and the container image start theirs: without a process before the worker that only sets this.
    const env = { ...workerEnvironment(coresPerWorker), REDIS_URL: this.#rig.proxy.url };
    return this.#rig.cli.start(["work"], env);
  }
}

function said({ stdout, stderr }: CliResult): string {
  return `${stdout}${stderr}`.slice(-2_000);
}
