import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type ProcessUse, watchProcess } from "@labelfleet/test/support/process-watch";

const bin = fileURLToPath(import.meta.resolve("labelfleet/package.json")).replace(
  /package\.json$/,
  "bin/labelfleet.js",
);

export interface WatchedCommand extends ProcessUse {
  seconds: number;
  /** What it printed with --json. */
  document: unknown;
}

/** One command of labelfleet as a user types it, in a process of its own that is watched. Its progress goes to our stderr. */
export async function watchedCommand(words: string[], env: Record<string, string>): Promise<WatchedCommand> {
  const startedMs = Date.now();
  const child = spawn(process.execPath, [bin, ...words, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const watch = watchProcess(child.pid!);
  const [output, exitCode] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((resolve) => child.once("exit", resolve)),
  ]);
  const seconds = (Date.now() - startedMs) / 1_000;
  if (exitCode !== 0) throw new Error(`labelfleet ${words[0]} ended with ${exitCode}: ${output.slice(0, 2_000)}`);
  const use = await watch.stop();
  process.stderr.write(`${words[0]}: ${seconds.toFixed(1)} s, ${(use.peakRssBytes / 1e6).toFixed(0)} MB\n`);
  return { seconds, ...use, document: JSON.parse(output) };
}
