import type { ErrorCode, LabelfleetError } from "@labelfleet/shared/errors";
import {
  type BreakerPolicy,
  type BreakerState,
  closed,
  probeFailed,
  probeOk,
  readOk,
  type Trouble,
  trouble,
} from "./breaker.js";

export interface InputGateOptions {
  policy: BreakerPolicy;
  /** Reads what could be read before; the error when it cannot be read now. */
  probe: () => Promise<LabelfleetError | null>;
  nowMs: () => number;
  /** Returns early when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** One line for people: paused, goes on, or gave up. */
  say: (line: string) => void;
}

/** An input that is waited for. */
export interface Pause {
  code: ErrorCode;
  /** Milliseconds since it began. */
  forMs: number;
}

/** When an image's reading began; tells whether the gate was closed since. */
export type Epoch = number;

/**
 * The breaker of one run's input. Each image passes it before it is read, and tells it what came of that. When nothing can
 * be read any more, images wait here instead of failing one by one.
 */
export class InputGate {
  readonly #options: InputGateOptions;
  readonly #closing = new AbortController();
  #state: BreakerState = closed;
  #epoch: Epoch = 0;
  #probing: Promise<void> | undefined;
  #cause: LabelfleetError | undefined;

  constructor(options: InputGateOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#state.kind !== "open";
  }

  /** Why images wait here, and for how long they do; null when none has to. */
  get pause(): Pause | null {
    if (this.#state.kind !== "open" || this.#cause === undefined) return null;
    return { code: this.#cause.code, forMs: this.#options.nowMs() - this.#state.sinceMs };
  }

  /** Waits while the input is out of reach, or until one of the signals aborts. */
  async pass(stops: readonly AbortSignal[]): Promise<Epoch> {
    while (!this.isOpen && this.#probing !== undefined && !stops.some(({ aborted }) => aborted)) {
      await untilEither(this.#probing, AbortSignal.any([...stops]));
    }
    return this.#epoch;
  }

  readOk(): void {
    this.#state = readOk(this.#state);
  }

  /**
   * Whether a failed reading is the input's trouble and not the object's: then the image waits at `pass` and is read again.
   *
   * @param since what `pass` gave before the reading
   */
  async isOutage(error: LabelfleetError, since: Epoch): Promise<boolean> {
    const kind = troubleOf(error);
    if (kind === null) {
      this.readOk();
      return false;
    }
    if (since !== this.#epoch) return true;
    this.#state = trouble(this.#state, kind, this.#options.policy);
    if (this.#state.kind === "doubting") {
      const decided = this.#untilDecided();
      // Behind both: a gate that is closed decides at once.
      this.#probing ??= Promise.resolve().then(() => this.#probeUntilOk(error));
      await decided;
    }
    return this.#state.kind === "open" || since !== this.#epoch;
  }

  /** Ends the waiting; who waits goes on, and fails by what is there. */
  close(): void {
    this.#closing.abort();
  }

  #decided: (() => void)[] = [];

  #untilDecided(): Promise<void> {
    return new Promise((resolve) => this.#decided.push(resolve));
  }

  #decide(state: BreakerState): void {
    this.#state = state;
    // Together with the decision: who doubts next must not wait for a probing that is through.
    if (state.kind !== "open") this.#probing = undefined;
    for (const resolve of this.#decided.splice(0)) resolve();
  }

  async #probeUntilOk(cause: LabelfleetError): Promise<void> {
    const { probe, nowMs, sleep, policy, say } = this.#options;
    let sinceMs: number | undefined;
    this.#cause = cause;
    while (!this.#closing.signal.aborted) {
      const error = await probe();
      if (error === null) {
        if (sinceMs !== undefined) this.#epoch += 1;
        this.#decide(probeOk());
        if (sinceMs !== undefined) say(`the input can be read again after ${seconds(nowMs() - sinceMs)}: resuming`);
        return;
      }
      this.#decide(probeFailed(this.#state, nowMs(), policy));
      if (this.#state.kind !== "open") {
        this.#epoch += 1;
        say(
          `the input could not be read for ${seconds(policy.maxPauseMs)}: giving up waiting, images fail from now on`,
        );
        return;
      }
      if (sinceMs === undefined) {
        sinceMs = this.#state.sinceMs;
        say(`the input cannot be read (${cause.code}): paused, trying again until it can. ${cause.message}`);
      }
      await sleep(this.#state.probeAtMs - nowMs(), this.#closing.signal);
    }
    this.#decide(closed);
  }
}

/** null for what says something about one object only. */
export function troubleOf(error: LabelfleetError): Trouble | null {
  switch (error.code) {
    case "STORE_THROTTLED":
    case "STORE_UNAVAILABLE":
    case "STORE_TIMEOUT":
      return "weather";
    case "OBJECT_TOO_SLOW":
      return "slowness";
    case "OBJECT_DENIED":
    case "ACCESS_DENIED":
    case "STORE_UNSUPPORTED":
    case "CREDENTIALS_REFUSED":
      return "refusal";
    default:
      return null;
  }
}

async function untilEither(work: Promise<void>, stop: AbortSignal): Promise<void> {
  let onAbort = () => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    stop.addEventListener("abort", onAbort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    stop.removeEventListener("abort", onAbort);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
