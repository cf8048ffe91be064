import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** In a process of its own: the policies of its first thread and of one that is started after the call (proc_pid_stat(5)). */
const script = `
  import { readFileSync } from "node:fs";
  import { Worker } from "node:worker_threads";
  const policy = 'require("node:fs").readFileSync("/proc/thread-self/stat", "utf8").split(") ").at(-1).split(" ")[38]';
  const { scheduleAsBatch } = await import(${JSON.stringify(import.meta.resolve("@labelfleet/gpu-worker/batch-scheduling"))});
  const isBatch = scheduleAsBatch();
  const own = readFileSync("/proc/thread-self/stat", "utf8").split(") ").at(-1).split(" ")[38];
  new Worker('require("node:worker_threads").parentPort.postMessage(' + policy + ')', { eval: true, execArgv: [] }).on("message", (its) =>
    console.log(JSON.stringify({ isBatch, own, its })),
  );`;

test.runIf(process.platform === "linux")("a thread and those that it starts compute in batch", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  expect(JSON.parse(stdout)).toEqual({ isBatch: true, own: "3", its: "3" });
});
