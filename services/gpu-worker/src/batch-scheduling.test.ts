import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const poolThreads = 16;
/** Of sched.h, as proc_pid_stat(5) has them. */
const [batch, idle] = ["3", "5"];

/** Of util-linux, which sets a policy from outside. */
const hasChrt = ["/usr/bin/chrt", "/bin/chrt"].some(existsSync);

/**
 * In a process of its own: the policies of all threads that were there before the call, one of which was given another policy, and of
 * one that is started after it.
 */
const script = `
  import { execFileSync } from "node:child_process";
  import { readdirSync, readFileSync } from "node:fs";
  import { readFile } from "node:fs/promises";
  import { Worker } from "node:worker_threads";
  const policyOf = (stat) => stat.split(") ").at(-1).split(" ")[38];
  await readFile("/dev/null"); // By a thread of libuv's pool.
  const { scheduleAsBatch } = await import(${JSON.stringify(import.meta.resolve("@labelfleet/gpu-worker/batch-scheduling"))});
  const threads = readdirSync("/proc/self/task");
  const chosen = threads.at(-1);
  if (${hasChrt}) execFileSync("chrt", ["--idle", "--pid", "0", chosen]);
  const isBatch = scheduleAsBatch();
  const policies = threads.map((thread) => [thread, policyOf(readFileSync("/proc/self/task/" + thread + "/stat", "utf8"))]);
  const own = policies.find(([thread]) => thread === chosen)[1];
  const others = policies.filter(([thread]) => thread !== chosen).map(([, policy]) => policy);
  const later = 'require("node:worker_threads").parentPort.postMessage(require("node:fs").readFileSync("/proc/thread-self/stat", "utf8"))';
  new Worker(later, { eval: true, execArgv: [] }).on("message", (stat) =>
    console.log(JSON.stringify({ isBatch, threads: threads.length, chosen: own, others: [...new Set(others)], later: policyOf(stat) })),
  );`;

test.runIf(process.platform === "linux")(
  "all threads compute in batch, libuv's too, but for one that was given another policy",
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...process.env, UV_THREADPOOL_SIZE: String(poolThreads) },
    });
    const { threads, ...policies } = JSON.parse(stdout);
    expect(policies).toEqual({ isBatch: true, chosen: hasChrt ? idle : batch, others: [batch], later: batch });
    expect(threads).toBeGreaterThan(poolThreads);
  },
);
