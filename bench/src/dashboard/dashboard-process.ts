import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(import.meta.resolve("labelfleet/package.json")).replace(
  /package\.json$/,
  "bin/labelfleet.js",
);

export interface DashboardProcess {
  url: string;
  /** The most memory that its process had so far, as the kernel counts it. Linux only; elsewhere null. */
  peakRssBytes(): Promise<number | null>;
  stop(): Promise<void>;
}

/** `labelfleet dashboard` as a user starts it. */
export async function startDashboardProcess(words: string[], env: Record<string, string>): Promise<DashboardProcess> {
  const child = spawn(process.execPath, [bin, "dashboard", "--port", "0", ...words], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env, LABELFLEET_LOG_LEVEL: "warn" },
  });
  let said = "";
  for await (const chunk of child.stdout) {
    said += String(chunk);
    const url = /Dashboard: (\S+)/.exec(said)?.[1];
    if (url === undefined) continue;
    return {
      url,
      async peakRssBytes() {
        const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
        const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
        return kib === undefined ? null : Number(kib) * 1024;
      },
      async stop() {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      },
    };
  }
  throw new Error("labelfleet dashboard ended before it was there");
}
