import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { devices } from "./devices.js";
import { type SimulatedSearch, simulateSearch } from "./simulate.js";

interface Row extends SimulatedSearch {
  device: string;
  /** Of the best fixed size's images a second. */
  share: number;
}

export const batchingOptions = {
  batches: { type: "string", default: "200" },
  seed: { type: "string", default: "1" },
  out: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/**
 * How close the search for the batch size comes to the best fixed size, on simulated devices and a simulated clock: the same
 * figures on every machine. `--out` gets batching.json.
 */
export async function benchBatching(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: batchingOptions,
  });
  const options = { batches: Number(values.batches), seed: Number(values.seed) };
  const rows: Row[] = [];
  for (const [name, device] of Object.entries(devices)) {
    const search = await simulateSearch(device, options);
    rows.push({ device: name, ...search, share: search.foundImagesPerSecond / search.bestImagesPerSecond });
  }
  const result = { ...options, devices: rows.map((row) => ({ ...row, ...devices[row.device] })) };
  if (values.out !== undefined) {
    await mkdir(values.out, { recursive: true });
    await writeFile(join(values.out, "batching.json"), `${JSON.stringify(result, null, 2)}\n`);
  }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(rows));
  return 0;
}

function table(rows: readonly Row[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const head = ["device", "best", "images/s", "found", "images/s", "of best", "settled", "search and all"];
  const lines = rows.map((row) => [
    row.device,
    String(row.bestFixedSize),
    row.bestImagesPerSecond.toFixed(0),
    String(row.foundSize),
    row.foundImagesPerSecond.toFixed(0),
    percent(row.share),
    row.settledAfterBatches === null ? "no" : String(row.settledAfterBatches),
    percent(row.meanImagesPerSecond / row.bestImagesPerSecond),
  ]);
  return [head, ...lines].map((line) => `| ${line.join(" | ")} |\n`).join("");
}
