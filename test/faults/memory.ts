import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { CliProcess } from "../support/cli.js";
import { hostileImages } from "../support/hostile-images/corpus.js";
import { makePhotos, type Photo } from "../support/photos.js";
import { FaultRig, stopOnSignal, succeeded } from "./fault-rig.js";

// `node test/dist/faults/memory.js [--images N]`: one worker labels the hostile corpus, again and again; its resident
// memory after a fifth of them is compared with that at the end. Exit code 1 when it grew by more than 5 %.
const { values } = parseArgs({ options: { images: { type: "string", default: "50000" } } });
const images = Number(values.images);
const allowedGrowth = 0.05;
const lookMs = 500;
const endMs = 3_600_000;
const flags = ["--batch-images", "64", "--max-failed", "100%"];

interface Sample {
  done: number;
  rssBytes: number;
}

const rig = await FaultRig.start({ photos: await corpus(images), expected: null });
stopOnSignal(rig);
try {
  const worker = await rig.worker({ LABELFLEET_CORES: undefined });
  const { scan, run } = await rig.scan(flags);
  const over = new AbortController();
  const sampling = sampleUntil(over.signal, worker, run);
  succeeded(await scan.result(endMs));
  over.abort();
  const samples = await sampling;
  await rig.end(worker);
  const [early, late] = [around(samples, images / 5), around(samples, images)];
  const growth = late / early - 1;
  const result = {
    images,
    early: { images: images / 5, rssBytes: early },
    late: { images, rssBytes: late },
    peakRssBytes: Math.max(...samples.map(({ rssBytes }) => rssBytes)),
    growthPercent: Math.round(growth * 1_000) / 10,
    /** MiB after each tenth. */
    everyTenth: Array.from({ length: 10 }, (_, i) => Math.round(around(samples, ((i + 1) * images) / 10) / 2 ** 20)),
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  if (growth > allowedGrowth) process.exitCode = 1;
} finally {
  for (const leak of await rig.stop()) process.stdout.write(`left behind: ${leak}\n`);
}

/** The hostile corpus over and over, and photos from thumbnails to two megapixels, in an order that mixes them. */
async function corpus(count: number): Promise<Photo[]> {
  const sizes = [
    { widthPx: 64, heightPx: 48, count: 400 },
    { widthPx: 320, heightPx: 240, count: 100 },
    { widthPx: 1_600, heightPx: 1_200, count: 10 },
  ];
  const photos = (await Promise.all(sizes.map((size, seed) => makePhotos({ ...size, seed })))).flat();
  const kinds = [...(await hostileImages(1)), ...photos];
  const digits = String(kinds.length).length;
  return Array.from({ length: count }, (_, i) => {
    const { name, bytes } = kinds[i % kinds.length]!;
    // Round after round of the corpus, each in another order than by format.
    return { name: `${String(Math.floor(i / kinds.length)).padStart(digits, "0")}/${shuffled(i)}-${name}`, bytes };
  });
}

/** Spreads neighbours: multiplication with an odd number visits each of the 65,536 places once. */
function shuffled(i: number): string {
  return ((i * 40_503) & 0xffff).toString(16).padStart(4, "0");
}

async function sampleUntil(signal: AbortSignal, worker: CliProcess, run: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  while (!signal.aborted) {
    samples.push({ done: await rig.counted(run), rssBytes: await rssOf(worker) });
    await sleep(lookMs, undefined, { signal }).catch(() => undefined);
  }
  return samples;
}

/** Of the worker and what it has started: a child that decodes, where there is one. */
async function rssOf(worker: CliProcess): Promise<number> {
  const inGroup = (await rig.cli.processes()).filter(({ command }) => !/ scan /.test(command));
  const sizes = await Promise.all(inGroup.map(({ pid }) => readFile(`/proc/${pid}/status`, "utf8").catch(() => "")));
  if (sizes.length === 0) throw new Error(`worker ${worker.pid} is gone; it said:\n${worker.stderr.slice(-4_000)}`);
  return sizes.reduce((sum, status) => sum + Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024, 0);
}

/** The median of the samples within a twentieth of the whole before `done` images. */
function around(samples: Sample[], done: number): number {
  const near = samples.filter((sample) => sample.done <= done && sample.done > done - images / 20);
  const sorted = near.map(({ rssBytes }) => rssBytes).sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error(`no sample near ${done} images`);
  return middle;
}
