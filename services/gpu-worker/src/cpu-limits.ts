import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { posix } from "node:path";

/** A file's text, or null where there is none that can be read. */
export type ReadText = (path: string) => string | null;

const cgroupRoot = "/sys/fs/cgroup";
/** Where distributions mount the CPU controller of cgroup v1. */
const v1Mounts = ["cpu", "cpu,cpuacct", "cpuacct,cpu"];

/**
 * The CPU time that this process may use, in cores: the least of its quotas; Infinity without one. Each cgroup above its own
 * counts, in v2 (`cpu.max`) as in v1 (`cpu.cfs_quota_us`). In a container the process's path may be the host's, which is not
 * there; the container's own group is then the root of the mount.
 */
export function cpuQuota(read: ReadText = readText): number {
  const lines = (read("/proc/self/cgroup") ?? "").split("\n").map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const v2Path = lines.find((line) => line?.[1] === "")?.[2] ?? "/";
  const v1Path = lines.find((line) => line?.[1]?.split(",").includes("cpu"))?.[2] ?? "/";
  const quotas = [
    ...foldersUpFrom(v2Path).map((path) => v2Quota(read(posix.join(cgroupRoot, path, "cpu.max")))),
    ...v1Mounts.flatMap((mount) =>
      foldersUpFrom(v1Path).map((path) => {
        const folder = posix.join(cgroupRoot, mount, path);
        const quota = read(posix.join(folder, "cpu.cfs_quota_us"));
        return quota === null ? null : quotaOf(quota, read(posix.join(folder, "cpu.cfs_period_us")) ?? "");
      }),
    ),
  ];
  return Math.min(...quotas.map((quota) => quota ?? Number.POSITIVE_INFINITY));
}

/** Cores that the scheduler may run this process on. Not libuv's answer, which rounds a quota down where it knows of one. */
export function affinityCores(read: ReadText = readText): number {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read("/proc/self/status") ?? "")?.[1];
  if (list === undefined) return availableParallelism();
  const cores = list.split(",").reduce((sum, range) => {
    const [first, last = first] = range.split("-").map(Number);
    return sum + (last! - first! + 1);
  }, 0);
  return cores >= 1 ? cores : availableParallelism();
}

/** `/a/b` and the groups above it. */
function foldersUpFrom(path: string): string[] {
  const parts = posix.resolve("/", path).split("/").filter(Boolean);
  return Array.from({ length: parts.length + 1 }, (_, i) => `/${parts.slice(0, parts.length - i).join("/")}`);
}

/** `cpu.max`: quota and period in microseconds; "max" for none. */
function v2Quota(text: string | null): number | null {
  const [quota = "", period = ""] = (text ?? "").trim().split(/\s+/);
  return quotaOf(quota, period);
}

/** null for no quota: "max" in v2, -1 in v1. */
function quotaOf(quota: string, period: string): number | null {
  const cores = Number(quota) / Number(period);
  return cores > 0 && Number.isFinite(cores) ? cores : null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
