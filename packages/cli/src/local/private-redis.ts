import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { connectRedis } from "@labelfleet/shared/redis/connection";
import { sleep } from "@labelfleet/shared/shutdown";
import { temporaryFolder } from "@labelfleet/shared/storage/scratch-errors";

export interface PrivateRedis {
  url: string;
  stop(): Promise<void>;
}

const startTimeoutMs = 10_000;

/**
 * Waits for the end of its standard input, which comes when this process ends in whatever way, kill -9 included; then
 * stops the server and removes its folder. So nothing is left behind, even when nobody is left to clean up.
 */
const guardScript = `
dir=$1
redis-server --port 0 --unixsocket "$dir/redis.sock" --unixsocketperm 700 --dir "$dir" --save "" --appendonly no \
  --maxmemory-policy noeviction --daemonize no --loglevel warning --logfile "$dir/redis.log" &
pid=$!
read -r _
kill "$pid" 2>/dev/null
wait "$pid"
rm -rf "$dir"
`;

/**
 * A redis-server for this process alone, on a socket in a folder of its own. It keeps nothing on disk: the run's folder
 * is what a run is resumed from.
 *
 * @throws REDIS_SERVER_MISSING, SCRATCH_UNWRITABLE
 */
export async function startPrivateRedis(): Promise<PrivateRedis> {
  const dir = await temporaryFolder("lf-redis-");
  // A process group of its own: Ctrl-C reaches this process, which stops Redis last.
  const guard = spawn("sh", ["-c", guardScript, "redis-guard", dir], {
    stdio: ["pipe", "ignore", "pipe"],
    detached: true,
  });
  let complaint = "";
  guard.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const url = `unix://${join(dir, "redis.sock")}`;
  const stop = () => stopGuard(guard);
  try {
    await waitUntilReady(url, () => complaint);
  } catch (error) {
    await stop();
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
  return { url, stop };
}

async function waitUntilReady(url: string, complaint: () => string): Promise<void> {
  const deadlineMs = Date.now() + startTimeoutMs;
  for (;;) {
    if (/not found/.test(complaint())) {
      throw new LabelfleetError(
        "REDIS_SERVER_MISSING",
        "redis-server is not installed: install it (Debian: apt-get install redis-server), or set REDIS_URL to a Redis you have",
      );
    }
    try {
      (await connectRedis(url)).disconnect();
      return;
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await sleep(20);
    }
  }
}

async function stopGuard(guard: ChildProcess): Promise<void> {
  if (guard.exitCode !== null) return;
  const ended = new Promise((resolve) => guard.once("exit", resolve));
  guard.stdin?.end();
  await ended;
}
