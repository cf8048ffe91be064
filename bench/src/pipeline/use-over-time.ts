import { availableParallelism } from "node:os";
import { cpuMsOf, machineCpuMs, peakBytesOf, processTree } from "./process-clock.js";

export const processRoles = ["producer", "worker", "redis"] as const;
export type ProcessRole = (typeof processRoles)[number];

/** CPU time of each role's processes up to a moment. */
interface Sample {
  atMs: number;
  cpuMs: Record<ProcessRole, number>;
  /** Of programs that have nothing to do with the bench. */
  othersMs: number;
}

const sampleEveryMs = 500;

/** Watches what `labelfleet run` and its children use, from outside, from `watch` until `stop`. */
export class UseOverTime {
  readonly #serverPid: number;
  readonly #samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;
  #redisPeakBytes = 0;
  #workerPeakBytes = 0;

  /** @param serverPid the S3 server, which counts as ours */
  constructor(serverPid: number) {
    this.#serverPid = serverPid;
  }

  watch(rootPid: number): void {
    this.#timer = setInterval(() => this.#sample(rootPid), sampleEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get peakBytes(): { worker: number; redis: number } {
    return { worker: this.#workerPeakBytes, redis: this.#redisPeakBytes };
  }

  /** CPU time of each role between two moments, as far as samples lie there. */
  between(fromMs: number, toMs: number): Record<ProcessRole, number> {
    const [first, last] = this.#ends(fromMs, toMs);
    const seconds = first && last ? last.atMs - first.atMs : 0;
    // Scaled to the whole time, of which the samples leave a little out at both ends.
    const scale = seconds > 0 ? (toMs - fromMs) / seconds : 0;
    const of = (role: ProcessRole) => (last ? scale * (last.cpuMs[role] - first!.cpuMs[role]) : 0);
    return { producer: of("producer"), worker: of("worker"), redis: of("redis") };
  }

  /** The part of the cores that other programs had between two moments. */
  othersShare(fromMs: number, toMs: number): number {
    const [first, last] = this.#ends(fromMs, toMs);
    if (!first || !last || last.atMs === first.atMs) return 0;
    const share = (last.othersMs - first.othersMs) / (availableParallelism() * (last.atMs - first.atMs));
    return Math.max(0, share);
  }

  #ends(fromMs: number, toMs: number): [Sample | undefined, Sample | undefined] {
    const inside = this.#samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    return [inside[0], inside.at(-1)];
  }

  #sample(rootPid: number): void {
    const cpuMs = { producer: 0, worker: 0, redis: 0 };
    let redisBytes = 0;
    let workerBytes = 0;
    let ownMs = (cpuMsOf(this.#serverPid) ?? 0) + (cpuMsOf(process.pid) ?? 0);
    for (const use of processTree(rootPid)) {
      ownMs += use.cpuMs;
      const role = roleOf(use.command);
      if (role === null) continue;
      cpuMs[role] += use.cpuMs;
      if (role === "redis") redisBytes += peakBytesOf(use.pid) ?? 0;
      if (role === "worker") workerBytes += peakBytesOf(use.pid) ?? 0;
    }
    this.#samples.push({ atMs: Date.now(), cpuMs, othersMs: machineCpuMs() - ownMs });
    this.#redisPeakBytes = Math.max(this.#redisPeakBytes, redisBytes);
    this.#workerPeakBytes = Math.max(this.#workerPeakBytes, workerBytes);
  }
}

function roleOf(command: string): ProcessRole | null {
  if (command.startsWith("redis-server")) return "redis";
  if (/labelfleet\.js work /.test(command)) return "worker";
  return /labelfleet\.js run /.test(command) ? "producer" : null;
}
