import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const lookMs = 200;
/** Of /proc/<pid>/stat: the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface ProcessUse {
  /** The highest resident memory that it had; Linux keeps it. */
  peakRssBytes: number;
  /** Of all its threads. */
  cpuSeconds: number;
}

export interface ProcessWatch {
  /** Ends the watch. */
  stop(): Promise<ProcessUse>;
}

/** Watches a process until it ends, or until it is asked. Linux only; elsewhere all is 0. */
export function watchProcess(pid: number): ProcessWatch {
  const stopping = new AbortController();
  const use: ProcessUse = { peakRssBytes: 0, cpuSeconds: 0 };
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const files = ["status", "stat"].map((name) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => ""));
      const [status = "", stat = ""] = await Promise.all(files);
      const peakKilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
      // The name of the program, in parentheses, may hold spaces.
      const [userTicks, systemTicks] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .slice(11, 13)
        .map(Number);
      if (peakKilobytes === undefined || userTicks === undefined || systemTicks === undefined) return;
      use.peakRssBytes = Math.max(use.peakRssBytes, Number(peakKilobytes) * 1_024);
      use.cpuSeconds = (userTicks + systemTicks) / ticksPerSecond;
      await sleep(lookMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await watching;
      return use;
    },
  };
}
