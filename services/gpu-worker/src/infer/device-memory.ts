import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { SimulatedDevice } from "@labelfleet/shared/simulated-device";
import { usableCores } from "../cores.js";

const mib = 1024 ** 2;

/** Of what is free for this process when the first model is loaded: decoded images and other processes need the rest. */
const cpuShare = 0.5;
/** Of a GPU's free memory: cuDNN's work spaces and fragments need the rest. */
const gpuShare = 0.8;
/** Of a GPU that nvidia-smi tells nothing of: what the smallest data-centre cards have, less a quarter. */
const unknownGpuMib = 6_144;
const askGpuMs = 5_000;

interface Gpu {
  name: string;
  freeMib: number;
}

export interface DeviceFactsOptions {
  simulated: SimulatedDevice | null;
  /** Cores of this worker: of several workers of a machine each gets its part of the memory. */
  cores: number;
  /** What `--device-memory` says. */
  givenMib: number | null;
}

/** What is to be known of the device that a worker's models are on. Asked once. */
export class DeviceFacts {
  readonly #options: DeviceFactsOptions;
  #gpu: Promise<Gpu | null> | undefined;

  constructor(options: DeviceFactsOptions) {
    this.#options = options;
  }

  /** Bytes that models, and what they compute on, may use of the device in this process. */
  async memoryBytes(device: string): Promise<number> {
    const { givenMib, simulated, cores } = this.#options;
    if (givenMib !== null) return givenMib * mib;
    if (device === "simulated") return (simulated?.memoryMib ?? Number.POSITIVE_INFINITY) * mib;
    if (device === "cpu") return cpuShare * process.availableMemory() * Math.min(1, cores / usableCores());
    const gpu = await this.#askGpu();
    return gpu === null ? unknownGpuMib * mib : gpuShare * gpu.freeMib * mib;
  }

  /** Tells devices apart on which different batch sizes may be the best. */
  async name(device: string): Promise<string> {
    if (device === "simulated") return `simulated ${JSON.stringify(this.#options.simulated)}`;
    if (device === "cpu") return device;
    return `${device} ${(await this.#askGpu())?.name ?? "unknown"}`;
  }

  #askGpu(): Promise<Gpu | null> {
    this.#gpu ??= askGpu();
    return this.#gpu;
  }
}

/** The first GPU that this process sees. null where nvidia-smi is not there, or says nothing. */
async function askGpu(): Promise<Gpu | null> {
  const [first] = (process.env.CUDA_VISIBLE_DEVICES ?? "").split(",");
  const args = ["--query-gpu=name,memory.free", "--format=csv,noheader,nounits", ...(first ? ["-i", first] : [])];
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", args, { timeout: askGpuMs });
    return parseGpu(stdout);
  } catch {
    return null;
  }
}

/** The first line of nvidia-smi's CSV: `NVIDIA T4, 14913`. */
export function parseGpu(csv: string): Gpu | null {
  const match = /^(.+), *(\d+)\s*$/.exec(csv.split("\n")[0] ?? "");
  return match === null ? null : { name: match[1]!.trim(), freeMib: Number(match[2]) };
}
