/** Thrown when more wait than are worth waiting for, or one waited too long. */
export class Overloaded extends Error {
  override readonly name = "Overloaded";
  readonly statusCode = 503;
}

export interface LimiterOptions {
  readonly atOnce: number;
  /** Of all clients together. */
  readonly maxWaiting: number;
  /** Unless given, whoever waits does so until it is their turn. */
  readonly maxWaitMs?: number;
}

/** Of whom a work is: clients take turns, however much each of them asks for. */
type Client = string | object;

interface Waiting {
  begin(): void;
  refuse(): void;
}

const onlyClient = "";

/** At most `atOnce` works at a time; the others wait, and clients take turns. */
export class Limiter {
  readonly #options: LimiterOptions;
  /** What each client waits for, oldest first; the client whose turn it is comes first. */
  readonly #queues = new Map<Client, Waiting[]>();
  #free: number;
  #waiting = 0;

  constructor(options: LimiterOptions) {
    this.#options = options;
    this.#free = options.atOnce;
  }

  /** Waits for a place and does the work. Whoever lost interest meanwhile (the signal) gives the place on. @throws Overloaded */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal, client: Client = onlyClient): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await this.#wait(client);
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      this.#passOn();
    }
  }

  #wait(client: Client): Promise<void> {
    if (this.#waiting >= this.#options.maxWaiting && !this.#makeRoom(client)) throw overloaded();
    return new Promise((resolve, reject) => {
      const { maxWaitMs } = this.#options;
      const timer = maxWaitMs === undefined ? undefined : setTimeout(() => this.#giveUp(client, waiting), maxWaitMs);
      const waiting = {
        begin: () => {
          clearTimeout(timer);
          resolve();
        },
        refuse: () => {
          clearTimeout(timer);
          reject(overloaded());
        },
      };
      const queue = this.#queues.get(client);
      if (queue === undefined) this.#queues.set(client, [waiting]);
      else queue.push(waiting);
      this.#waiting++;
    });
  }

  /** The next client's oldest gets the place that became free. */
  #passOn(): void {
    const [next] = this.#queues;
    if (next === undefined) {
      this.#free++;
      return;
    }
    const [client, queue] = next;
    this.#queues.delete(client);
    const waiting = queue.shift()!;
    if (queue.length > 0) this.#queues.set(client, queue);
    this.#waiting--;
    waiting.begin();
  }

  /** Refuses the newest of who waits for most, if that is more than `client` does. */
  #makeRoom(client: Client): boolean {
    const [most, queue] = [...this.#queues].reduce((a, b) => (b[1].length > a[1].length ? b : a));
    if (queue.length <= (this.#queues.get(client)?.length ?? 0) + 1) return false;
    this.#giveUp(most, queue.at(-1)!);
    return true;
  }

  #giveUp(client: Client, waiting: Waiting): void {
    const queue = this.#queues.get(client) ?? [];
    queue.splice(queue.indexOf(waiting), 1);
    if (queue.length === 0) this.#queues.delete(client);
    this.#waiting--;
    waiting.refuse();
  }
}

function overloaded(): Overloaded {
  return new Overloaded("too much is asked for at once");
}
