import { readdirSync, readFileSync } from "node:fs";

/** What one process has used so far. */
export interface ProcessUse {
  pid: number;
  /** The words it was started with. */
  command: string;
  cpuMs: number;
}

/** Linux counts CPU time in hundredths of a second for everyone (USER_HZ). */
const msPerTick = 10;

/** CPU time of a process since its start, that of its ended threads included; null when it is gone. */
export function cpuMsOf(pid: number): number | null {
  const fields = statFields(pid);
  return fields === null ? null : (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** The process and everything that it started, still running. */
export function processTree(rootPid: number): ProcessUse[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const fields = Number.isInteger(pid) ? statFields(pid) : null;
    if (fields !== null) parents.set(pid, Number(fields[1]));
  }
  const isBelow = (pid: number): boolean => pid === rootPid || (parents.has(pid) && isBelow(parents.get(pid)!));
  return [...parents.keys()].filter(isBelow).flatMap((pid) => {
    const cpuMs = cpuMsOf(pid);
    const command = read(`/proc/${pid}/cmdline`)?.replaceAll("\0", " ") ?? "";
    return cpuMs === null ? [] : [{ pid, command, cpuMs }];
  });
}

/** CPU time that this machine's programs have used together, and what a hypervisor gave to other machines. */
export function machineCpuMs(): number {
  const [user, nice, system, , , irq, softirq, steal] = (/^cpu +(.*)$/m.exec(read("/proc/stat") ?? "")?.[1] ?? "")
    .split(" ")
    .map(Number);
  const ticks = [user, nice, system, irq, softirq, steal].reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return ticks * msPerTick;
}

/** Highest resident memory of a process so far; null when it is gone. */
export function peakBytesOf(pid: number): number | null {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

/** The fields of /proc/<pid>/stat behind the name, which may hold spaces (man 5 proc_pid_stat). */
function statFields(pid: number): string[] | null {
  return read(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ") ?? null;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
