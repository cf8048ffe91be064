import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";

/** A worker serves few runs at once, so the oldest store is closed when there are many. */
const maxOpenStores = 8;

/** The object stores of a loader thread, one for each input. */
export class Stores {
  readonly #open = new Map<string, Promise<ObjectStore>>();

  of(input: string): Promise<ObjectStore> {
    const open = this.#open.get(input);
    if (open !== undefined) return open;
    const opening = openStore(input).then(({ store }) => store);
    this.#open.set(input, opening);
    opening.catch(() => this.#open.delete(input));
    if (this.#open.size > maxOpenStores) {
      const [oldestInput, oldest] = this.#open.entries().next().value!;
      this.#open.delete(oldestInput);
      void oldest.then((store) => store.close());
    }
    return opening;
  }
}
