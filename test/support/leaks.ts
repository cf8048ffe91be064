import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import type { TestRedis } from "./fixtures.js";

export interface LeakSnapshot {
  threads: ReadonlySet<Worker>;
  childPids: ReadonlySet<number>;
  /** How many active resources of each type (process.getActiveResourcesInfo). */
  resources: ReadonlyMap<string, number>;
  /** Where temporary folders are looked for. */
  temporaryDir: string;
  temporaryFolders: ReadonlySet<string>;
}

/** Worker threads of this process that have not ended. Node lists them nowhere, but tells of each new one. */
const liveThreads = new Set<Worker>();
process.on("worker", (thread: Worker) => {
  liveThreads.add(thread);
  thread.once("exit", () => liveThreads.delete(thread));
});

/** Resource types that come and go with the test runner itself. */
const runnersOwn = new Set([
  "TTYWrap",
  "PipeWrap",
  "MessagePort",
  "FSReqPromise",
  "FSReqCallback",
  "Immediate",
  "Timeout",
]);

/**
 * What there is before a suite starts; compare with findLeaks after it ended. A suite that others may run beside gives its
 * processes a TMPDIR of their own and names it here, so that it is not blamed for its neighbours' folders.
 */
export async function takeSnapshot(temporaryDir = tmpdir()): Promise<LeakSnapshot> {
  return {
    threads: new Set(liveThreads),
    childPids: new Set(await childPidsOf(process.pid)),
    resources: countResources(),
    temporaryDir,
    temporaryFolders: new Set(await temporaryFolders(temporaryDir)),
  };
}

/**
 * Names what is there now and was not before: child processes, worker threads, handles (sockets, servers) and `lf-*` folders in
 * the temporary directory. Waits up to `graceMs` for what is still closing. An empty list is a clean suite.
 */
export async function findLeaks(before: LeakSnapshot, graceMs = 2_000): Promise<string[]> {
  const deadlineMs = Date.now() + graceMs;
  for (;;) {
    const leaks = await leaksNow(before);
    if (leaks.length === 0 || Date.now() >= deadlineMs) return leaks;
    await sleep(50);
  }
}

/** The keys that are left in a Redis; a suite that cleans up leaves none. */
export async function leftoverRedisKeys(redis: TestRedis): Promise<string[]> {
  const answer = await redis.command("KEYS", "*");
  // An array of bulk strings: *<count>, then for each a line with its length and a line with the key.
  return answer.split("\r\n").filter((line, i) => i > 0 && i % 2 === 0 && line !== "");
}

async function leaksNow(before: LeakSnapshot): Promise<string[]> {
  const leaks: string[] = [];
  for (const pid of await childPidsOf(process.pid)) {
    if (!before.childPids.has(pid)) leaks.push(`child process ${pid}: ${await commandOf(pid)}`);
  }
  const threads = [...liveThreads].filter((thread) => !before.threads.has(thread)).length;
  if (threads > 0) leaks.push(`${threads} worker threads`);
  for (const [type, count] of countResources()) {
    const extra = count - (before.resources.get(type) ?? 0);
    if (extra > 0) leaks.push(`${extra} open ${type}`);
  }
  for (const folder of await temporaryFolders(before.temporaryDir)) {
    if (!before.temporaryFolders.has(folder)) leaks.push(`temporary folder ${folder}`);
  }
  return leaks;
}

function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (!runnersOwn.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

async function temporaryFolders(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.startsWith("lf-"));
}

/** Linux only; elsewhere there is nothing to read and no child is reported. Zombies do not count. */
async function childPidsOf(parentPid: number): Promise<number[]> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
  return pids.filter((_, i) => {
    // "pid (comm) state ppid …", where comm may itself hold spaces and parentheses.
    const [state, ppid] = stats[i]!.slice(stats[i]!.lastIndexOf(")") + 2).split(" ");
    return Number(ppid) === parentPid && state !== "Z";
  });
}

async function commandOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return text.replaceAll("\0", " ").trim();
}
