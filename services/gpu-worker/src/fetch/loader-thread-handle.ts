import { Worker } from "node:worker_threads";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { within } from "@labelfleet/shared/shutdown";
import { DecodeMemory } from "../decode/decode-memory.js";
import { endThread } from "../threads.js";
import type { FromLoader, LoadCost, LoadedImage, LoaderThreadData, LoadRequest, ToLoader } from "./messages.js";
import type { SlowRead } from "./reads-under-way.js";

export type LoadOutcome =
  | { ok: true; image: LoadedImage; cost: LoadCost }
  | { ok: false; error: LabelfleetError; cost: LoadCost };

/** A thread whose event loop is stuck answers nothing: neither its images' deadlines nor its decoder's would pass. */
const defaultMaxSilenceMs = 60_000;
const pingsPerSilence = 12;

/** How long a thread may take to end its decoder process. */
const closeMs = 1_000;

interface Pending {
  resolve: (outcome: LoadOutcome) => void;
  reject: (error: Error) => void;
}

/** The main thread's side of one loader thread. */
export class LoaderThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #pingTimer: NodeJS.Timeout;
  readonly #decodeMemory: DecodeMemory;
  /** What images take that are decoded. */
  readonly #decodeBytes = new Map<number, number>();
  #onClosed: () => void = () => {};
  /** Pings that nothing was heard since. Not a time: while the process is stopped, nobody can answer. */
  #unanswered = 0;
  #nextId = 0;
  /** As the last pong told. */
  #slowReads: SlowRead[] = [];
  /** Why it takes no more work: it died, or is closed. */
  #ended: LabelfleetError | null = null;

  constructor(
    entry: URL,
    data: LoaderThreadData,
    onDied: (error: Error) => void,
    { maxSilenceMs = defaultMaxSilenceMs, decodeMemory = new DecodeMemory(Number.POSITIVE_INFINITY) } = {},
  ) {
    this.#decodeMemory = decodeMemory;
    this.#worker = new Worker(entry, { workerData: data });
    const died = (reason: string) => {
      if (this.#ended !== null) return;
      clearInterval(this.#pingTimer);
      const error = new LabelfleetError("WORKER_DIED", `a loader thread ended: ${reason}`);
      this.#ended = error;
      this.#rejectAll(error);
      onDied(error);
    };
    this.#worker.on("message", (message: FromLoader) => this.#receive(message));
    this.#worker.on("error", (error) => died(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", (code) => died(`exit code ${code}`));
    this.#pingTimer = setInterval(() => {
      if (this.#unanswered >= pingsPerSilence) died(`silent for ${maxSilenceMs} ms`);
      else this.#send({ type: "ping" });
      this.#unanswered += 1;
    }, maxSilenceMs / pingsPerSilence).unref();
  }

  /** Images handed over and not answered yet. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** What it was reading for long when it was asked last, a few seconds ago; the oldest first. */
  get slowReads(): readonly SlowRead[] {
    return this.#slowReads;
  }

  open(input: string): void {
    this.#send({ type: "open", input });
  }

  /**
   * Rejects only when the thread dies or is closed; what is wrong with the image is an outcome.
   *
   * @param recycled memory that the thread may use again; moved away
   * @throws WORKER_DIED
   */
  load(request: LoadRequest, recycled: ArrayBuffer[] = []): Promise<LoadOutcome> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send({ type: "load", id, request, recycled }, recycled);
    });
  }

  /** Whether the thread could be ended; a decode that hangs keeps it. */
  async close(): Promise<boolean> {
    const reason = this.#ended ?? new LabelfleetError("WORKER_DIED", "a loader thread is closed");
    this.#ended = reason;
    clearInterval(this.#pingTimer);
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve;
    });
    this.#send({ type: "close" });
    await within(closeMs, closed);
    const hasEnded = await endThread(this.#worker);
    this.#rejectAll(reason);
    return hasEnded;
  }

  async #giveMemory({ id, bytes }: { id: number; bytes: number }): Promise<void> {
    await this.#decodeMemory.enter(bytes);
    this.#decodeBytes.set(id, bytes);
    this.#send({ type: "may-decode", id });
  }

  #takeMemory(id: number): void {
    const bytes = this.#decodeBytes.get(id);
    this.#decodeBytes.delete(id);
    if (bytes !== undefined) this.#decodeMemory.leave(bytes);
  }

  #rejectAll(reason: LabelfleetError): void {
    for (const waiting of this.#pending.values()) waiting.reject(reason);
    this.#pending.clear();
  }

  #send(message: ToLoader, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromLoader): void {
    this.#unanswered = 0;
    if (message.type === "closed") this.#onClosed();
    if (message.type === "wants-memory") void this.#giveMemory(message);
    if (message.type === "needs-no-memory") this.#takeMemory(message.id);
    if (message.type === "pong") this.#slowReads = message.slowReads;
    if (message.type !== "loaded" && message.type !== "load-failed") return;
    const waiting = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === "loaded") waiting?.resolve({ ok: true, image: message.image, cost: message.cost });
    else {
      const error = new LabelfleetError(message.code, message.message);
      waiting?.resolve({ ok: false, error, cost: message.cost });
    }
  }
}
