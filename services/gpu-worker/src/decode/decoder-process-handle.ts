import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { setAwakeTimeout } from "./awake-timeout.js";
import type { FromDecoder, ToDecoder } from "./messages.js";

/** How long a decoder may take to load its libraries on a busy machine. */
const startTimeoutMs = 60_000;

/** Environment variables that a decoder has no use for, and hostile bytes should not find beside them. */
const secretVariables = /^(AWS_|REDIS_URL$|LABELFLEET_DASHBOARD_TOKEN$|HF_TOKEN$)/;

/** What comes of asking: the decoder's answer, its death, or nothing in time. */
export type Answer = Exclude<FromDecoder, { type: "ready" }> | { type: "died"; how: string } | { type: "late" };

/** The parent's side of one decoder process. */
export class DecoderProcess {
  readonly #child: ChildProcess;
  #how: string | undefined;
  #receive: (answer: FromDecoder | { type: "died"; how: string }) => void = () => {};

  private constructor(entry: URL) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !secretVariables.test(name)));
    this.#child = fork(fileURLToPath(entry), [], {
      // Structured clones, so that bytes stay bytes.
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...env, UV_THREADPOOL_SIZE: "2" },
      execArgv: [],
    });
    const ended = (how: string) => {
      this.#how ??= how;
      this.#receive({ type: "died", how: this.#how });
    };
    this.#child.on("message", (message: FromDecoder) => this.#receive(message));
    this.#child.once("error", (error) => ended(error.message));
    this.#child.once("exit", (code, signal) => ended(signal ?? `exit code ${code}`));
  }

  /** @throws WORKER_DIED when it does not come up */
  static async start(entry: URL): Promise<DecoderProcess> {
    const started = new DecoderProcess(entry);
    const first = await started.#next(startTimeoutMs);
    if (first.type === "ready") return started;
    started.kill();
    const why = first.type === "died" ? first.how : `not ready within ${startTimeoutMs} ms`;
    throw new LabelfleetError("WORKER_DIED", `a decoder process did not start: ${why}`);
  }

  get hasEnded(): boolean {
    return this.#how !== undefined;
  }

  /** One image at a time. The deadline counts from here. */
  async ask(request: ToDecoder, timeoutMs: number): Promise<Answer> {
    if (this.#how !== undefined) return { type: "died", how: this.#how };
    const answer = this.#next(timeoutMs);
    // A send that fails belongs to a process that died, which is told by its exit.
    this.#child.send(request, () => {});
    return (await answer) as Answer;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #next(timeoutMs: number): Promise<FromDecoder | Answer> {
    return new Promise((resolve) => {
      const cancel = setAwakeTimeout(timeoutMs, () => resolve({ type: "late" }));
      this.#receive = (message) => {
        cancel();
        resolve(message);
      };
    });
  }
}
