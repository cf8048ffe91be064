import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkoutDir } from "../containers/checkout.js";

const bin = join(checkoutDir, "packages/cli/bin/labelfleet.js");

/** Graphs are built once for all suites, and not in the cache of whoever runs the tests. */
const cacheDir = join(checkoutDir, ".cache/test-models");

const defaultTimeoutMs = 60_000;
/** Every process below a command inherits it, so that none can get away by losing its parent. */
const markVariable = "LABELFLEET_TEST_MARK";

export type CliEnv = Record<string, string | undefined>;

export interface CliResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface MarkedProcess {
  pid: number;
  command: string;
}

/** A command that runs. In a process group of its own, as a shell gives it, so a terminal's Ctrl-C can be played. */
export class CliProcess {
  readonly pid: number;
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<CliResult>;
  readonly #child: ChildProcess;
  readonly #words: string;
  #stdout = "";
  #stderr = "";
  #hasEnded = false;
  #onOutput: () => void = () => {};

  constructor(words: string[], env: CliEnv, cwd: string, program = bin) {
    this.#words = words.join(" ");
    this.#child = spawn(process.execPath, [program, ...words], {
      cwd,
      env: env as NodeJS.ProcessEnv,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.pid = this.#child.pid!;
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#onOutput();
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#onOutput();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      // "close" comes after "exit", when nothing can write to the pipes any more.
      this.#child.once("close", (exitCode, signal) => {
        this.#hasEnded = true;
        this.#onOutput();
        resolve({ exitCode, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** To this process alone, as `kill` does. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** To the whole group, as a terminal does. */
  killGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // The group is gone.
    }
  }

  /** Waits until the output so far matches; rejects with the output when the process ends first or time is up. */
  async until(pattern: RegExp, timeoutMs = defaultTimeoutMs): Promise<RegExpMatchArray> {
    const timeUp = setTimeout(() => this.#onOutput(), timeoutMs);
    const deadlineMs = Date.now() + timeoutMs;
    try {
      for (;;) {
        const found = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
        if (found !== null) return found;
        if (this.#hasEnded || Date.now() >= deadlineMs) {
          throw new Error(`\`labelfleet ${this.#words}\` never said ${pattern}:\n${this.#stdout}${this.#stderr}`);
        }
        await new Promise<void>((resolve) => {
          this.#onOutput = resolve;
        });
      }
    } finally {
      clearTimeout(timeUp);
    }
  }

  /** The result; kills the group and rejects with the output when it takes longer. */
  async result(timeoutMs = defaultTimeoutMs): Promise<CliResult> {
    const timer = setTimeout(() => this.killGroup("SIGKILL"), timeoutMs);
    const startedMs = Date.now();
    const result = await this.ended.finally(() => clearTimeout(timer));
    if (result.signal !== "SIGKILL" || Date.now() - startedMs < timeoutMs) return result;
    throw new Error(`\`labelfleet ${this.#words}\` took over ${timeoutMs} ms:\n${result.stdout}${result.stderr}`);
  }
}

/** Runs labelfleet's processes as a user would, in an environment of their own, and knows all that descends from them. */
export class Cli {
  readonly #env: CliEnv;
  readonly #mark = randomUUID();
  readonly #started: CliProcess[] = [];
  readonly #temporaryDir: string;
  readonly #program: string;
  #isClosed = false;

  /**
   * @param options.temporaryDir an empty folder, the TMPDIR of all processes
   * @param options.program another build's labelfleet.js; this checkout's unless told
   */
  constructor(options: { temporaryDir: string; env?: CliEnv; program?: string }) {
    this.#program = options.program ?? bin;
    this.#temporaryDir = options.temporaryDir;
    const { PATH, HOME } = process.env;
    this.#env = {
      PATH,
      HOME,
      TMPDIR: options.temporaryDir,
      LABELFLEET_CACHE_DIR: cacheDir,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: join(options.temporaryDir, "no-config"),
      AWS_SHARED_CREDENTIALS_FILE: join(options.temporaryDir, "no-credentials"),
      [markVariable]: this.#mark,
      ...options.env,
    };
  }

  start(words: string[], env: CliEnv = {}, cwd = this.#temporaryDir): CliProcess {
    if (this.#isClosed) throw new Error("this command line is closed: what starts now would be left behind");
    const started = new CliProcess(words, { ...this.#env, ...env }, cwd, this.#program);
    this.#started.push(started);
    return started;
  }

  /** Starts a program of the tests in place of labelfleet's own. */
  startProgram(program: string, env: CliEnv = {}): CliProcess {
    const started = new CliProcess([], { ...this.#env, ...env }, this.#temporaryDir, program);
    this.#started.push(started);
    return started;
  }

  run(words: string[], env: CliEnv = {}, timeoutMs = defaultTimeoutMs): Promise<CliResult> {
    return this.start(words, env).result(timeoutMs);
  }

  /** What of its processes and their temporary files is there, once `graceMs` has passed or nothing is left. */
  async leftovers(graceMs = 5_000): Promise<string[]> {
    const deadlineMs = Date.now() + graceMs;
    for (;;) {
      const processes = await this.processes();
      const files = await readdir(this.#temporaryDir);
      if ((processes.length === 0 && files.length === 0) || Date.now() >= deadlineMs) {
        return [
          ...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
          ...files.map((file) => `temporary file ${file}`),
        ];
      }
      await sleep(50);
    }
  }

  /** Every live process that descends from a command, orphans included. Linux only; elsewhere none is found. */
  async processes(): Promise<MarkedProcess[]> {
    const mark = `${markVariable}=${this.#mark}\0`;
    const names = await readdir("/proc").catch(() => []);
    const found = await Promise.all(
      names.map(async (name) => {
        if (!/^\d+$/.test(name)) return null;
        const environment = await readFile(`/proc/${name}/environ`, "utf8").catch(() => "");
        if (!environment.includes(mark)) return null;
        const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
        return { pid: Number(name), command: command.replaceAll("\0", " ").trim() };
      }),
    );
    return found.filter((marked) => marked !== null);
  }

  /** Kills whatever still runs. Returns what should not have been there. */
  async close(): Promise<string[]> {
    this.#isClosed = true;
    const leaks = await this.leftovers();
    for (const { pid } of await this.processes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
    await Promise.all(this.#started.map((started) => started.ended));
    return leaks;
  }
}
