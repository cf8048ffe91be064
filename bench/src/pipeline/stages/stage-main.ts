import { scheduleAsBatch } from "@labelfleet/gpu-worker/batch-scheduling";
import { collectLate } from "@labelfleet/gpu-worker/late-collection";
import { decodeStage, inferStage } from "./compute-stages.js";
import { fetchStage, listStage, writeStage } from "./s3-stages.js";
import type { Stage, StageName, StageOptions } from "./stage.js";

// One stage in a process of its own: options as JSON in the argument. Says on stdout when the measured part begins and ends, so
// that the parent can read the S3 server's clock then.
const stages: Record<StageName, (options: StageOptions) => Promise<Stage>> = {
  list: listStage,
  fetch: fetchStage,
  decode: decodeStage,
  infer: inferStage,
  write: writeStage,
};
const warmUpShare = 0.25;

// As a worker does.
collectLate();
scheduleAsBatch();
const options = JSON.parse(process.argv[2] ?? "") as StageOptions;
const stage = await stages[options.stage](options);
await stage.run(Math.ceil(options.images * warmUpShare));
process.stdout.write("{}\n");
const cpuBefore = process.cpuUsage();
const startedMs = performance.now();
await stage.run(options.images);
const wallMs = performance.now() - startedMs;
const { user, system } = process.cpuUsage(cpuBefore);
process.stdout.write(`${JSON.stringify({ wallMs, cpuMs: (user + system) / 1_000 })}\n`);
await stage.close();
process.exit();
