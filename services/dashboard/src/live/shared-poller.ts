/** A value as read, with its JSON made once for all who want it. */
export interface Polled<T> {
  value: T;
  json: string;
  atMs: number;
}

export interface PollerOptions<T> {
  read: () => Promise<T>;
  /** Between two readings while somebody listens. */
  everyMs: number;
  /** The same while nobody does; without it nothing is read then. */
  idleEveryMs?: number;
  onError: (error: unknown) => void;
}

/** Reads one thing over and over for all who watch it, never twice at once. */
export class SharedPoller<T> {
  readonly #options: PollerOptions<T>;
  readonly #listeners = new Set<(polled: Polled<T>) => void>();
  #latest: Polled<T> | null = null;
  #reading: Promise<Polled<T>> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: PollerOptions<T>) {
    this.#options = options;
    this.#schedule();
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  /** Calls back with what is known (when there is something) and then with each new reading. Returns how to stop that. */
  subscribe(listener: (polled: Polled<T>) => void): () => void {
    this.#listeners.add(listener);
    if (this.#latest !== null) listener(this.#latest);
    this.#schedule(0);
    return () => void this.#listeners.delete(listener);
  }

  /** The last reading when it is not older than that, else a new one. */
  async get(maxAgeMs: number): Promise<Polled<T>> {
    if (this.#latest !== null && Date.now() - this.#latest.atMs <= maxAgeMs) return this.#latest;
    return this.#read();
  }

  /** Something has changed: everybody gets a new reading soon. */
  refresh(): void {
    this.#latest = null;
    this.#schedule(0);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #read(): Promise<Polled<T>> {
    this.#reading ??= this.#options
      .read()
      .then((value) => {
        this.#latest = { value, json: JSON.stringify(value), atMs: Date.now() };
        for (const listener of this.#listeners) listener(this.#latest);
        return this.#latest;
      })
      .finally(() => {
        this.#reading = null;
      });
    return this.#reading;
  }

  #schedule(soonMs?: number): void {
    clearTimeout(this.#timer);
    const everyMs = this.#listeners.size > 0 ? this.#options.everyMs : this.#options.idleEveryMs;
    if (this.#isStopped || everyMs === undefined) return;
    this.#timer = setTimeout(async () => {
      await this.#read().catch(this.#options.onError);
      this.#schedule();
    }, soonMs ?? everyMs);
  }
}
