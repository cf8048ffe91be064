import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type RunReport, runReportSchema } from "@labelfleet/shared/contract/run-report";
import { LabelfleetError } from "@labelfleet/shared/errors";

const bin = fileURLToPath(new URL("../../packages/cli/bin/labelfleet.js", import.meta.url));

export interface CommandOptions {
  env: Record<string, string>;
  signal: AbortSignal;
}

/** `labelfleet run` as a user would type it; its live progress goes to this process's stderr. */
export async function labelBucket(input: string, output: string, options: CommandOptions): Promise<RunReport> {
  const args = ["run", input, "--out", output, "--model", "efficientnet-lite0", "--workers", "2", "--dashboard"];
  process.stdout.write(`$ npx labelfleet ${args.join(" ")}\n`);
  return runReportSchema.parse(JSON.parse(await labelfleet([...args, "--json"], options)));
}

/** A command with its output. Paths are shown as they would be typed here. */
export async function show(args: string[], options: CommandOptions): Promise<void> {
  const typed = args.map((arg) => (arg.startsWith("/") ? relative(process.cwd(), arg) : arg));
  process.stdout.write(`$ npx labelfleet ${typed.join(" ")}\n`);
  process.stdout.write(`${await labelfleet(args, options)}\n`);
}

/** The web page of a run, until the signal or for as long as that; its address goes to this process's stdout. */
export async function showDashboard(run: string, { env, signal }: CommandOptions, boundMs: number): Promise<void> {
  if (signal.aborted) return;
  const child = start(["dashboard", run, "--port", "0"], env, "inherit");
  const ended = once(child, "close");
  const timer = setTimeout(() => child.kill("SIGTERM"), boundMs);
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  await ended;
  clearTimeout(timer);
}

/**
 * The real command line in a process of its own. Its session is its own too: Ctrl-C reaches only this process, which passes
 * it on once, because a second signal would end the command before it has cleaned up.
 */
function labelfleet(args: string[], { env, signal }: CommandOptions): Promise<string> {
  signal.throwIfAborted();
  const child = start(args, env, "pipe");
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  return new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => {
      signal.removeEventListener("abort", stop);
      if (code === 0) return resolve(stdout);
      const how = code === null ? `was ended by ${killedBy}` : `ended with exit code ${code}`;
      reject(new LabelfleetError("WORKER_DIED", `\`labelfleet ${args[0]}\` ${how}`));
    });
  });
}

function start(args: string[], env: Record<string, string>, stdout: "pipe" | "inherit"): ChildProcess {
  return spawn(process.execPath, [bin, ...args], {
    // Without a parent at the other end of the IPC channel the command stops by itself.
    stdio: ["ignore", stdout, "inherit", "ipc"],
    env,
    detached: true,
  });
}
