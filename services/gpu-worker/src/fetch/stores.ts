import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { maxOpenRuns } from "../bounds.js";

interface OpenStore {
  store: Promise<ObjectStore>;
  /** Reads under way. */
  users: number;
}

/** The object stores of a loader thread, one for each input: as many as the worker has runs, of which each has one input. */
export class Stores {
  readonly #openStore: (input: string) => Promise<ObjectStore>;
  /** The one used last comes last. */
  readonly #open = new Map<string, OpenStore>();

  constructor(openOne: (input: string) => Promise<ObjectStore>) {
    this.#openStore = openOne;
  }

  /** Reads from an input's store, which stays open at least until the work is done. */
  async use<T>(input: string, work: (store: ObjectStore) => Promise<T>): Promise<T> {
    const open = this.#open.get(input) ?? { store: this.#openStore(input), users: 0 };
    this.#open.delete(input);
    this.#open.set(input, open);
    open.users += 1;
    try {
      const store = await open.store.catch((error: unknown) => {
        if (this.#open.get(input) === open) this.#open.delete(input);
        throw error;
      });
      return await work(store);
    } finally {
      open.users -= 1;
      this.#closeUnused();
    }
  }

  /** Opens an input's store before it is read. */
  async open(input: string): Promise<void> {
    await this.use(input, async () => {});
  }

  #closeUnused(): void {
    for (const [input, { store, users }] of this.#open) {
      if (this.#open.size <= maxOpenRuns) return;
      if (users > 0) continue;
      this.#open.delete(input);
      // Nobody has any use for it, so nobody minds how it ends.
      store.then((unused) => unused.close()).catch(() => undefined);
    }
  }
}
