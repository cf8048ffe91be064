import { compareKeys } from "@labelfleet/shared/storage/key-order";

export interface IndexedObject {
  key: string;
  /** Quoted, as it goes over the wire. */
  etag: string;
  sizeBytes: number;
  lastModifiedMs: number;
}

export interface IndexPage {
  objects: IndexedObject[];
  isTruncated: boolean;
}

/**
 * The keys of one bucket in UTF-8 byte order. fauxqs sorts by the locale and pages by code unit, which loses keys of mixed
 * case, so the front lists from here.
 */
export class BucketIndex {
  readonly #objects: IndexedObject[] = [];

  get(key: string): IndexedObject | undefined {
    const found = this.#objects[this.#lowerBound(key)];
    return found?.key === key ? found : undefined;
  }

  set(object: IndexedObject): void {
    const at = this.#lowerBound(object.key);
    this.#objects.splice(at, this.#objects[at]?.key === object.key ? 1 : 0, object);
  }

  delete(key: string): void {
    const at = this.#lowerBound(key);
    if (this.#objects[at]?.key === key) this.#objects.splice(at, 1);
  }

  /** At most `maxKeys` objects that start with `prefix` and come after `after`. */
  page(prefix: string, after: string, maxKeys: number): IndexPage {
    const isAfter = after !== "" && compareKeys(after, prefix) >= 0;
    let at = this.#lowerBound(isAfter ? after : prefix);
    if (isAfter && this.#objects[at]?.key === after) at++;
    const objects: IndexedObject[] = [];
    for (; at < this.#objects.length && this.#objects[at]!.key.startsWith(prefix); at++) {
      if (objects.length === maxKeys) return { objects, isTruncated: true };
      objects.push(this.#objects[at]!);
    }
    return { objects, isTruncated: false };
  }

  /** The first position whose key is not before `key`. */
  #lowerBound(key: string): number {
    let low = 0;
    let high = this.#objects.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#objects[middle]!.key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
