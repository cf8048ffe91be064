import { LabelfleetError } from "../errors.js";
import { compareKeys } from "./key-order.js";
import { oneLine } from "./s3-errors.js";
import { bytesOfEncoded } from "./s3-keys.js";
import type { ListedObject } from "./s3-listing.js";

/** Where a request of a listing begins: at the store's own mark, after a key, or at the beginning. */
export interface PagePosition {
  ContinuationToken?: string;
  StartAfter?: string;
}

/** One answer of the store, as it came. */
export interface StorePage {
  objects: ListedObject[];
  /** Encoded as the keys are. */
  prefixes: string[];
  /** Of keys and prefixes; undefined for what is not UTF-8. */
  decode: (key: string) => string | undefined;
  /** What the store says; undefined where it says nothing, or nothing that is known. */
  isTruncated: boolean | undefined;
  token: string | undefined;
  /** How many keys and prefixes the store says that the page has. */
  keyCount: number | undefined;
  maxKeys: number | undefined;
}

/** An object of a page; `key` is undefined where its name is not UTF-8. */
export interface PageEntry {
  key: string | undefined;
  object: ListedObject;
}

/** Stores may pass over many deleted keys in one page; this many pages without a key are a million of them. */
export const maxEmptyPages = 1_000;

/** S3 gives no more at once; stores may give less, and say so. */
const mostMaxKeys = 1_000;

/**
 * Whether more may follow a page: the store says so, gives a token, or says nothing of a full page. "doubtful" means that the store
 * says no, but a full page or a token beside it says otherwise, or that it says nothing at all: stores have been seen that
 * lose the rest.
 */
export function moreAfter({ objects, prefixes, isTruncated, token, maxKeys }: StorePage): boolean | "doubtful" {
  const entries = objects.length + prefixes.length;
  const isFull = entries > 0 && entries >= Math.min(maxKeys || mostMaxKeys, mostMaxKeys);
  if (isTruncated === true) return true;
  const isSaid = isTruncated === false;
  if (!isSaid && (token !== undefined || isFull)) return true;
  return entries > 0 && (!isSaid || isFull || token !== undefined) ? "doubtful" : false;
}

/**
 * Follows a listing from page to page, and yields what each page has. The only place that does: a page is followed by the
 * store's token, else by the last key. Every page must come after the one before it, so this ends whatever the store does.
 *
 * @throws LISTING_FAULTY naming what the store did, USAGE where keys have no order
 */
export async function* followPages(options: {
  uri: string;
  prefix: string;
  startAfter?: string | undefined;
  fetchPage: (position: PagePosition) => Promise<StorePage>;
}): AsyncGenerator<PageEntry[]> {
  const { prefix, startAfter, fetchPage } = options;
  const walk = new PageWalk(options.uri, prefix, startAfter);
  let position: PagePosition | null = startAfter ? { StartAfter: startAfter } : {};
  while (position !== null) {
    const page = await fetchPage(position);
    const entries = walk.accept(page, position);
    if (entries !== null && entries.length > 0) yield entries;
    position = entries === null ? walk.nextByDoubtedToken() : walk.next(page, position);
  }
}

/** Throws where a single page is not what was asked for. */
export function checkPage(uri: string, prefix: string, startAfter: string | undefined, page: StorePage): void {
  new PageWalk(uri, prefix, startAfter).accept(page, startAfter ? { StartAfter: startAfter } : {});
  const folders = page.prefixes.map((listed) => ({ key: page.decode(listed), listed }));
  for (const [i, folder] of folders.entries()) {
    if (folder.key !== undefined && !folder.key.startsWith(prefix)) throw outside(uri, prefix, folder.key);
    const before = folders[i - 1];
    if (before !== undefined && order(folder, before) <= 0) throw unordered(uri, folder, before);
  }
}

interface Name {
  key: string | undefined;
  /** Encoded; only where `key` is undefined does it matter. */
  listed: string;
}

class PageWalk {
  readonly #uri: string;
  readonly #prefix: string;
  /** The last name that was listed, and the last of them that is a key. */
  #last: Name | undefined;
  #lastKey: string | undefined;
  #firstListed: string | undefined;
  #pages = 0;
  #emptyPages = 0;
  /** Whether this page is asked for although the store does not say that there is one. */
  #isDoubting = false;
  /** The token beside that, while it is not tried: the store may know tokens and not heed what to start after. */
  #doubtedToken: string | undefined;

  constructor(uri: string, prefix: string, startAfter: string | undefined) {
    this.#uri = uri;
    this.#prefix = prefix;
    this.#lastKey = startAfter || undefined;
    if (startAfter) this.#last = { key: startAfter, listed: startAfter };
  }

  /** What is new on a page; null when a doubted store answers with what it has told already. */
  accept(page: StorePage, position: PagePosition): PageEntry[] | null {
    this.#pages++;
    const { objects, decode, keyCount = 0 } = page;
    if (objects.length + page.prefixes.length === 0 && keyCount > 0) {
      throw faultyListing(this.#uri, `page ${this.#pages} says that it has ${keyCount} keys, and has none`);
    }
    const entries: PageEntry[] = [];
    for (const object of objects) {
      const key = decode(object.key) || undefined;
      if (key !== undefined && !key.startsWith(this.#prefix)) throw outside(this.#uri, this.#prefix, key);
      const name: Name = { key, listed: object.key };
      if (this.#last !== undefined && object.key !== "") {
        const compared = order(name, this.#last);
        // Keys that are not UTF-8 cannot be asked to start after, and some stores list the key that they start after.
        const isAgain = position.StartAfter !== undefined && entries.length === 0;
        if (compared <= 0 && isAgain && (key === undefined || compared === 0)) continue;
        if (compared <= 0 && this.#isDoubting && entries.length === 0) return null;
        if (compared <= 0) throw this.#backwards(name, position, entries.length === 0);
      }
      this.#last = name;
      if (key !== undefined) this.#lastKey = key;
      entries.push({ key, object });
    }
    this.#emptyPages = entries.length === 0 ? this.#emptyPages + 1 : 0;
    if (entries.length > 0) this.#firstListed = entries[0]!.object.key;
    return entries;
  }

  /** Where the listing goes on after a page; null at its end. */
  next(page: StorePage, position: PagePosition): PagePosition | null {
    if (page.prefixes.length > 0) {
      throw faultyListing(this.#uri, "it answers with folders (CommonPrefixes) instead of the keys in them");
    }
    const more = moreAfter(page);
    this.#isDoubting = more === "doubtful";
    this.#doubtedToken = undefined;
    if (more === false) return null;
    if (this.#emptyPages > maxEmptyPages) {
      throw faultyListing(this.#uri, `${this.#emptyPages} pages in a row say that there is more and have no key`);
    }
    const { token } = page;
    if (more === true && token !== undefined) {
      if (token !== position.ContinuationToken) return { ContinuationToken: token };
      throw faultyListing(this.#uri, `page ${this.#pages} gives the continuation token that it was asked with`);
    }
    const after = this.#lastKey;
    if (this.#isDoubting && token !== position.ContinuationToken) this.#doubtedToken = token;
    if (after !== undefined && after !== position.StartAfter) return { StartAfter: after };
    if (more === "doubtful") return this.nextByDoubtedToken();
    const what = "says that there is more, gives no continuation token, and has no further key";
    throw faultyListing(this.#uri, `page ${this.#pages} ${what}`);
  }

  /** The last way to go on from a page that may have more behind it; null once that is tried. */
  nextByDoubtedToken(): PagePosition | null {
    const token = this.#doubtedToken;
    this.#doubtedToken = undefined;
    return token === undefined ? null : { ContinuationToken: token };
  }

  #backwards(name: Name, position: PagePosition, isFirst: boolean): LabelfleetError {
    const last = this.#last!;
    const first = shown(name);
    const [page, before] = [`page ${this.#pages}`, `page ${this.#pages - 1}`];
    const isSame = order(name, last) === 0;
    if (!isFirst)
      return isSame ? faultyListing(this.#uri, `${page} has ${first} twice`) : unordered(this.#uri, name, last);
    if (position.StartAfter !== undefined) {
      const why = this.#pages === 1 ? "" : `${before} says that there is more and gives no continuation token, and `;
      const what = `asked to start after ${quoted(position.StartAfter)}, the store answers from ${first}`;
      return faultyListing(this.#uri, `${why}${what}`);
    }
    if (name.listed === this.#firstListed) return faultyListing(this.#uri, `${page} has the keys of ${before} again`);
    if (isSame) return faultyListing(this.#uri, `${page} begins with ${first}, with which ${before} ended`);
    return faultyListing(this.#uri, `${page} goes back to ${first}, although ${before} ended with ${shown(last)}`);
  }
}

function order(a: Name, b: Name): number {
  if (a.key !== undefined && b.key !== undefined) return compareKeys(a.key, b.key);
  return Buffer.compare(bytesOf(a), bytesOf(b));
}

function bytesOf({ key, listed }: Name): Buffer {
  return key === undefined ? bytesOfEncoded(listed) : Buffer.from(key);
}

export function faultyListing(uri: string, what: string): LabelfleetError {
  return new LabelfleetError("LISTING_FAULTY", oneLine(`cannot list ${uri}: ${what}; ask who runs this store`));
}

function outside(uri: string, prefix: string, key: string): LabelfleetError {
  return faultyListing(uri, `asked for keys that begin with ${quoted(prefix)}, the store answers ${quoted(key)}`);
}

function unordered(uri: string, name: Name, before: Name): LabelfleetError {
  const what = `${shown(name)} comes after ${shown(before)} on one page`;
  const why = "labelfleet needs listings in key order (S3 directory buckets have none)";
  return new LabelfleetError("USAGE", oneLine(`cannot list ${uri}: ${what}; ${why}`));
}

/** Keys come from strangers. */
const shown = ({ key, listed }: Name): string => quoted(key ?? listed);
const quoted = (key: string): string => JSON.stringify(key.slice(0, 200));
