import { readFile } from "node:fs/promises";

const ticksPerSecond = 100;

/** CPU milliseconds of a process so far, and of its main thread. Linux. */
export interface ProcessorTime {
  processMs: number;
  mainThreadMs: number;
}

export async function processorTime(pid: number): Promise<ProcessorTime> {
  const [processMs, mainThreadMs] = await Promise.all([
    msOf(`/proc/${pid}/stat`),
    msOf(`/proc/${pid}/task/${pid}/stat`),
  ]);
  return { processMs, mainThreadMs };
}

/** utime and stime, the 14th and 15th field of proc_pid_stat(5); the second may contain spaces and ends with the last ")". */
async function msOf(path: string): Promise<number> {
  const text = await readFile(path, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}
