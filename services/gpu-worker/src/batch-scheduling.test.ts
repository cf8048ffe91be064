import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

/**
 * In a process of its own: the policies (proc_pid_stat(5)) of all threads that were there before the call, of which libuv's pool has
 * five, and of one that is started after it.
 */
const script = `
  import { readdirSync, readFileSync } from "node:fs";
  import { readFile } from "node:fs/promises";
  import { Worker } from "node:worker_threads";
  const policyOf = (thread) => readFileSync("/proc/" + thread + "/stat", "utf8").split(") ").at(-1).split(" ")[38];
  await readFile("/dev/null"); // By a thread of the pool.
  const { scheduleAsBatch } = await import(${JSON.stringify(import.meta.resolve("@labelfleet/gpu-worker/batch-scheduling"))});
  const isBatch = scheduleAsBatch();
  const earlier = readdirSync("/proc/self/task").map((thread) => policyOf("self/task/" + thread));
  const later = 'require("node:worker_threads").parentPort.postMessage((' + policyOf.toString().replaceAll("readFileSync", 'require("node:fs").readFileSync') + ')("thread-self"))';
  new Worker(later, { eval: true, execArgv: [] }).on("message", (itsPolicy) =>
    console.log(JSON.stringify({ isBatch, threads: earlier.length, earlier: [...new Set(earlier)], later: itsPolicy })),
  );`;

const processStart = [process.execPath, "--input-type=module", "--eval", script];

describe.runIf(process.platform === "linux")("threads", () => {
  test("there are, libuv's too, and those started afterwards compute in batch", async () => {
    const { threads, ...policies } = await policiesIn(processStart);
    expect(policies).toEqual({ isBatch: true, earlier: ["3"], later: "3" });
    expect(threads).toBeGreaterThan(5);
  });

  test("that somebody gave another policy keep it", async () => {
    expect(await policiesIn(["chrt", "--idle", "0", ...processStart])).toMatchObject({
      isBatch: false,
      earlier: ["5"],
    });
  });
});

async function policiesIn([command, ...args]: string[]) {
  const env = { ...process.env, UV_THREADPOOL_SIZE: "5" };
  const { stdout } = await promisify(execFile)(command!, args, { env });
  return JSON.parse(stdout);
}
