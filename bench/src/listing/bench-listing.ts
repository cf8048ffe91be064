import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { runReportSchema } from "@labelfleet/shared/contract/run-report";
import { connectRedis } from "@labelfleet/shared/redis/connection";
import { Releasers } from "@labelfleet/shared/releasers";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { DrainingWorker } from "@labelfleet/test/support/draining-worker";
import { startRedis } from "@labelfleet/test/support/redis-server";
import { startServerProcess } from "@labelfleet/test/support/s3-process";
import { ListingClock } from "./listing-clock.js";
import { printListing } from "./print-listing.js";
import { type WatchedCommand, watchedCommand } from "./watched-command.js";

const bucket = "vast";
const serverMain = fileURLToPath(new URL("./listing-server-main.js", import.meta.url));

export const listingOptions = {
  keys: { type: "string", default: "1000000" },
  ranges: { type: "string", default: "8" },
  "batch-images": { type: "string", default: "1024" },
  "latency-ms": { type: "string", default: "0" },
  "scan-only": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

/**
 * The producer on a bucket of any size, whose keys a server computes, with a worker that makes its records up and an output
 * on this machine's disk (about 300 bytes a key, removed at the end). Then `status`, `verify` and `report` on that run, unless
 * --scan-only. Peak memory of each process and of Redis.
 */
export async function benchListing(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: listingOptions,
  });
  const keys = Number(values.keys);
  const releasers = new Releasers();
  try {
    const dir = await mkdtemp(join(tmpdir(), "lf-bench-listing-"));
    releasers.push("folder", () => rm(dir, { recursive: true, force: true }));
    const s3 = await startServerProcess(serverMain, [bucket, values.keys, values["latency-ms"]]);
    releasers.push("server", () => s3.close());
    const server = await startRedis();
    releasers.push("redis-server", () => server.stop());
    const redis = await connectRedis(server.url);
    releasers.push("redis", async () => redis.disconnect());
    const worker = new DrainingWorker(redis, server.url);
    releasers.push("worker", () => worker.close());
    const clock = new ListingClock(redis);
    releasers.push("clock", () => clock.stop());

    const env = { ...s3.env, REDIS_URL: server.url };
    const flags = ["--batch-images", values["batch-images"], "--listing-ranges", values.ranges];
    const scan = await watchedCommand(["scan", `s3://${bucket}/in`, "--out", dir, ...flags], env);
    const listingSeconds = await clock.stop();
    const redisPeakBytes = Number(/used_memory_peak:(\d+)/.exec(await redis.info("memory"))?.[1]);
    process.stderr.write(`listed in ${listingSeconds.toFixed(1)} s; Redis ${(redisPeakBytes / 1e6).toFixed(1)} MB\n`);
    const report = runReportSchema.parse(scan.document);
    if (!report.complete || report.images !== keys) throw new Error(`${report.images} of ${keys} keys were listed`);

    const commands = { scan, ...(values["scan-only"] ? {} : await inspect(report.run)) };
    const result = {
      keys,
      ranges: Number(values.ranges),
      batchImages: Number(values["batch-images"]),
      latencyMs: Number(values["latency-ms"]),
      listingSeconds,
      keysPerSecond: Math.round(keys / listingSeconds),
      redisPeakBytes,
      commands: Object.fromEntries(Object.entries(commands).map(([name, { document: _, ...use }]) => [name, use])),
    };
    if (values.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else printListing(result);
    return 0;
  } finally {
    await releasers.releaseAll();
  }
}

/** `status`, `verify` and `report` of a complete run, as the records alone tell it. */
async function inspect(run: string): Promise<Record<string, WatchedCommand>> {
  const verify = await watchedCommand(["verify", run], {});
  const folder = await RunFolder.open(run);
  // Without its last two documents it is a run whose report has to be made.
  for (const name of [runNames.success, runNames.report]) await folder.store.delete(folder.keyOf(name));
  await folder.close();
  const status = await watchedCommand(["status", run], {});
  return { verify, status, report: await watchedCommand(["report", run], {}) };
}
