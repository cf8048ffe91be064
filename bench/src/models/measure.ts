import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openOnnxSession } from "@labelfleet/runtime/onnx-session";
import type { Session } from "@labelfleet/runtime/session";
import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { median } from "../median.js";
import { contestantOf } from "./contestants.js";
import { peakRssBytes, resetPeak } from "./peak-memory.js";

export interface MeasureOptions {
  readonly name: string;
  readonly batches: readonly number[];
  readonly device: DeviceChoice;
  /** How long each batch size is repeated, once warm; at least once, whatever that takes. */
  readonly seconds: number;
}

export interface BatchMeasure {
  readonly batch: number;
  readonly msPerImage: number;
  /** CPU time of the process: on a CPU that others use too, what an idle one would need by the clock. */
  readonly cpuMsPerImage: number;
  readonly imagesPerSecond: number;
  /** Billions of operations a second, a multiply-add being two. */
  readonly gflops: number;
  /** Highest resident memory of the process so far. */
  readonly peakRssBytes: number;
}

export interface ModelMeasure {
  readonly name: string;
  readonly device: string;
  readonly inputPx: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** From the file to a session that has run once. */
  readonly openMs: number;
  /** Resident memory once the model is loaded, before any image: what a batch adds to. */
  readonly loadedBytes: number;
  readonly batches: readonly BatchMeasure[];
  /** Sizes that would have needed more memory than the machine had left. */
  readonly leftOut: readonly { readonly batch: number; readonly predictedBytes: number }[];
}

/** Measures one network in this process, which should have done nothing before: its peak memory is part of the result. */
export async function measureModel({ name, batches, device, seconds }: MeasureOptions): Promise<ModelMeasure> {
  const folder = await mkdtemp(join(tmpdir(), "labelfleet-bench-"));
  try {
    const modelPath = join(folder, "model.onnx");
    const facts = await writeGraph(name, modelPath);
    // What building took would hide what running takes.
    resetPeak();
    const startedMs = performance.now();
    const { session } = await openOnnxSession({ modelPath, device });
    const loadedBytes = peakRssBytes();
    await session.warmUp(1);
    const openMs = performance.now() - startedMs;
    const limitBytes = process.memoryUsage.rss() + process.availableMemory();
    const measured: BatchMeasure[] = [];
    const leftOut: ModelMeasure["leftOut"][number][] = [];
    for (const batch of [...batches].sort((a, b) => a - b)) {
      const needed = predictedBytes(measured.at(-1), loadedBytes, batch);
      if (needed > limitBytes) leftOut.push({ batch, predictedBytes: needed });
      else measured.push(await measureBatch(session, batch, facts.multiplyAdds, seconds));
    }
    const on = session.device;
    await session.close();
    return { name, device: on, ...facts, openMs, loadedBytes, batches: measured, leftOut };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As if what the batch before added grew with the number of images; of the first batch nothing is known. */
function predictedBytes(before: BatchMeasure | undefined, loadedBytes: number, next: number): number {
  if (before === undefined) return loadedBytes;
  return loadedBytes + ((before.peakRssBytes - loadedBytes) * next) / before.batch;
}

async function writeGraph(name: string, path: string) {
  const { pieces, inputPx, parameters, multiplyAdds } = contestantOf(name);
  await writeFile(path, pieces);
  return { inputPx, parameters, multiplyAdds };
}

async function measureBatch(
  session: Session,
  batch: number,
  multiplyAdds: number,
  seconds: number,
): Promise<BatchMeasure> {
  const images = new Uint8Array(batch * session.inputPx ** 2 * 3);
  for (let at = 0; at < images.length; at++) images[at] = (at * 2_654_435_761) >>> 24;
  await session.run(images, batch);
  const times: number[] = [];
  const cpuTimes: number[] = [];
  const startedMs = performance.now();
  do {
    const beganMs = performance.now();
    const cpuBefore = process.cpuUsage();
    await session.run(images, batch);
    const { user, system } = process.cpuUsage(cpuBefore);
    times.push(performance.now() - beganMs);
    cpuTimes.push((user + system) / 1000);
  } while (performance.now() - startedMs < seconds * 1000);
  const msPerImage = median(times) / batch;
  return {
    batch,
    msPerImage,
    cpuMsPerImage: median(cpuTimes) / batch,
    imagesPerSecond: 1000 / msPerImage,
    gflops: (2 * multiplyAdds) / msPerImage / 1e6,
    peakRssBytes: peakRssBytes(),
  };
}
