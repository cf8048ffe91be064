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
  /** Parts of keys up to the delimiter, each told once. */
  prefixes: string[];
  isTruncated: boolean;
  /** The last key that the page tells, or has in one of its prefixes. */
  lastKey: string | null;
}

export interface PageQuery {
  prefix: string;
  /** Only keys after this one. */
  after: string;
  maxKeys: number;
  delimiter?: string | undefined;
}

/** What a bucket's listings are made from: its objects in the UTF-8 byte order of their keys. */
export interface ObjectList {
  readonly length: number;
  at(i: number): IndexedObject;
  page(query: PageQuery): IndexPage;
}

/** At most `maxKeys` objects and prefixes, as ListObjectsV2 answers. */
export function pageOf(list: Pick<ObjectList, "length" | "at">, query: PageQuery): IndexPage {
  const { prefix, after, maxKeys, delimiter } = query;
  const isAfter = after !== "" && compareKeys(after, prefix) >= 0;
  let i = firstWhere(list, (key) => compareKeys(key, isAfter ? after : prefix) >= (isAfter ? 1 : 0));
  const page: IndexPage = { objects: [], prefixes: [], isTruncated: false, lastKey: null };
  while (i < list.length) {
    const object = list.at(i);
    const { key } = object;
    if (!key.startsWith(prefix)) break;
    if (page.objects.length + page.prefixes.length === maxKeys) return { ...page, isTruncated: true };
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    if (end === -1) {
      page.objects.push(object);
      page.lastKey = key;
      i++;
      continue;
    }
    const common = key.slice(0, end + delimiter!.length);
    page.prefixes.push(common);
    i = firstWhere(list, (other) => compareKeys(other, common) > 0 && !other.startsWith(common));
    page.lastKey = list.at(i - 1).key;
  }
  return page;
}

/** The first position whose key is so; all keys behind one that is are too. */
function firstWhere(list: Pick<ObjectList, "length" | "at">, isSo: (key: string) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isSo(list.at(middle).key)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The keys of one bucket in UTF-8 byte order. fauxqs sorts by the locale and pages by code unit, which loses keys of mixed
 * case, so the front lists from here.
 */
export class BucketIndex implements ObjectList {
  readonly #objects: IndexedObject[] = [];

  get length(): number {
    return this.#objects.length;
  }

  at(i: number): IndexedObject {
    return this.#objects[i]!;
  }

  page(query: PageQuery): IndexPage {
    return pageOf(this, query);
  }

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

  #lowerBound(key: string): number {
    return firstWhere(this, (other) => compareKeys(other, key) >= 0);
  }
}
