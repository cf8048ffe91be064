import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("./worker-main.js", import.meta.url));

/** Worker processes that take batches; `stop` ends them in good order. */
export async function startWorkers(
  count: number,
  env: Record<string, string>,
): Promise<{ pids: number[]; stop: () => Promise<void> }> {
  const workers = Array.from({ length: count }, () =>
    spawn(process.execPath, [entry], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, ...env },
    }),
  );
  await Promise.all(workers.map((worker) => ready(worker)));
  return {
    pids: workers.map((worker) => worker.pid!),
    stop: async () => {
      const ended = workers.map((worker) => once(worker, "exit"));
      for (const worker of workers) worker.kill("SIGTERM");
      await Promise.all(ended);
    },
  };
}

async function ready(worker: ChildProcess): Promise<void> {
  const first = await Promise.race([once(worker, "message"), once(worker, "exit")]);
  if (first[0] !== "ready") throw new Error(`a worker ended with ${String(first[0])}`);
}
