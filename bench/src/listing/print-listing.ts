import type { ProcessUse } from "@labelfleet/test/support/process-watch";

export interface ListingResult {
  keys: number;
  ranges: number;
  batchImages: number;
  /** Of each page, besides the server's own time. */
  latencyMs: number;
  listingSeconds: number;
  keysPerSecond: number;
  redisPeakBytes: number;
  commands: Record<string, ProcessUse & { seconds: number }>;
}

export function printListing(result: ListingResult): void {
  const { keys, ranges, latencyMs, listingSeconds, keysPerSecond, redisPeakBytes } = result;
  const lines = [
    `${keys} keys in ${ranges} ranges at most, ${latencyMs} ms a page: listed in ${listingSeconds.toFixed(1)} s, ${keysPerSecond} keys/s`,
    `${"".padEnd(10)}${"seconds".padStart(10)}${"CPU s".padStart(10)}${"peak MB".padStart(10)}`,
    ...Object.entries(result.commands).map(
      ([name, { seconds, cpuSeconds, peakRssBytes }]) =>
        `${name.padEnd(10)}${seconds.toFixed(1).padStart(10)}${cpuSeconds.toFixed(1).padStart(10)}${megabytes(peakRssBytes)}`,
    ),
    `${"Redis".padEnd(30)}${megabytes(redisPeakBytes)}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0).padStart(10);
}
