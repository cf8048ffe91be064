import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { affinityCores, cpuQuota } from "./cpu-limits.js";

/** A machine that has just these files. */
const machine = (files: Record<string, string>) => (path: string) => files[path] ?? null;
const none = Number.POSITIVE_INFINITY;

describe("cpuQuota", () => {
  it.each([
    ["no cgroups", {}, none],
    ["v2 without a quota", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n" }, none],
    ["v2 in a container", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "190000 100000\n" }, 1.9],
    ["v2 without /proc", { "/sys/fs/cgroup/cpu.max": "50000 100000\n" }, 0.5],
    [
      "a slice above the group",
      {
        "/proc/self/cgroup": "0::/user.slice/user-1.slice/session.scope\n",
        "/sys/fs/cgroup/user.slice/user-1.slice/session.scope/cpu.max": "max 100000\n",
        "/sys/fs/cgroup/user.slice/user-1.slice/cpu.max": "400000 100000\n",
        "/sys/fs/cgroup/user.slice/cpu.max": "300000 100000\n",
      },
      3,
    ],
    [
      "v2 whose path lies outside of the container",
      { "/proc/self/cgroup": "0::/../../other\n", "/sys/fs/cgroup/cpu.max": "200000 100000\n" },
      2,
    ],
    [
      "v1",
      {
        "/proc/self/cgroup": "5:memory:/a\n4:cpu,cpuacct:/docker/abc\n0::/\n",
        "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "50000\n",
        "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      },
      0.5,
    ],
    [
      "v1 in a container, whose path is the host's",
      {
        "/proc/self/cgroup": "1:cpu:/kubepods/pod1/c1\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      },
      2.5,
    ],
    ["v1 without a period", { "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n" }, none],
    ["what is no number", { "/sys/fs/cgroup/cpu.max": "lots of it\n" }, none],
  ])("%s", (_, files, cores) => {
    expect(cpuQuota(machine(files))).toBe(cores);
  });
});

describe("affinityCores", () => {
  it.each([
    ["0-3", 4],
    ["0,2-3,8", 4],
    ["5", 1],
  ])("counts the cores in %s", (list, cores) => {
    expect(affinityCores(machine({ "/proc/self/status": `Name:\tnode\nCpus_allowed_list:\t${list}\nx:\t1\n` }))).toBe(
      cores,
    );
  });

  it("is what Node says where the system does not tell", () => {
    expect(affinityCores(machine({}))).toBe(availableParallelism());
  });
});
