import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface S3Process {
  endpoint: string;
  env: Record<string, string>;
  pid: number;
  close(): Promise<void>;
}

/** The S3 server in a process of its own, so that its CPU time is not its client's. Needs the built dist folder. */
export function startS3Process(buckets: string[]): Promise<S3Process> {
  return startServerProcess(fileURLToPath(import.meta.resolve("@labelfleet/test/support/s3-server-main")), buckets);
}

/** A program that prints where its S3 server is as one line of JSON, and ends it on SIGTERM. */
export async function startServerProcess(main: string, args: string[]): Promise<S3Process> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const { endpoint, env } = JSON.parse(await firstLine(child)) as Pick<S3Process, "endpoint" | "env">;
  return {
    endpoint,
    env,
    pid: child.pid!,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  throw new Error(`the S3 server ended with ${child.exitCode ?? child.signalCode} before it was ready`);
}
