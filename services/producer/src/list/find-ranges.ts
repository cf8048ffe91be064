import { rangeIdOf } from "@labelfleet/shared/contract/ids";
import { maxChunkEntries } from "@labelfleet/shared/contract/manifest";
import { eachOf } from "@labelfleet/shared/each-of";
import type { ListedPage, PageOptions } from "@labelfleet/shared/storage/object-store";
import type { Range } from "./input-entries.js";
import {
  alphabetOf,
  coarseLeaves,
  commonPrefixOf,
  cutsOf,
  extrapolate,
  type Leaf,
  rangesWorth,
  wholeCharacters,
} from "./key-space.js";

/** A shorter range is not worth a listing of its own. */
const leastRangeKeys = 2 * maxChunkEntries;
/** No further round of looks begins once so many requests were made. */
const maxRequests = 250;
const maxRounds = 5;
/** Of many folders beside each other, so many are looked into; the others are taken to be like their neighbours. */
const sampledFolders = 16;
const sampledDepth = 3;
const leavesAtOnce = 4;
/** Each holds a page of a thousand keys. */
const requestsAtOnce = 8;
/** Behind whatever begins with the same characters. */
const lastCharacter = "\u{10ffff}";

/**
 * Cuts a long listing into ranges of about the same size, by looking at pages of it: folders by delimiter, the biggest ones
 * from within, and where there are none, names by the characters they go on with. Sizes are estimates, but whatever they
 * are, the ranges are disjoint, in order, and cover everything.
 */
export function findRanges(options: {
  page: (options: PageOptions) => Promise<ListedPage>;
  prefix: string;
  /** At most so many. */
  most: number;
  /** No range ends before this key: what was listed already is the first range's. */
  afterKey: string;
  /** Keys that make a range worth having; two chunks unless told. */
  leastKeys?: number;
  signal?: AbortSignal | undefined;
}): Promise<Range[]> {
  return new RangeSearch(options).run();
}

/** The ranges between cuts, which ascend. Each ends with its cut, where that is a key. */
export function rangesBetween(cuts: string[]): Range[] {
  return [...cuts, null].map((cut, i) => ({ id: rangeIdOf(i), afterKey: cuts[i - 1] ?? null, throughKey: cut }));
}

class RangeSearch {
  readonly #options: Parameters<typeof findRanges>[0];
  #requests = 0;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: Parameters<typeof findRanges>[0]) {
    this.#options = options;
  }

  async run(): Promise<Range[]> {
    const { prefix, most, afterKey, leastKeys = leastRangeKeys } = this.#options;
    let leaves: Leaf[] = [{ prefix, weight: Number.MAX_SAFE_INTEGER, isOpen: true, isFlat: false }];
    for (let round = 0; round < maxRounds && this.#requests < maxRequests; round++) {
      const coarse = coarseLeaves(leaves, rangesWorth(leaves, leastKeys, most));
      if (coarse.length === 0) break;
      const finer = new Map<Leaf, Leaf[]>();
      await eachOf(coarse, leavesAtOnce, async (leaf) => void finer.set(leaf, await this.#expand(leaf)));
      leaves = leaves.flatMap((leaf) => finer.get(leaf) ?? [leaf]);
    }
    return rangesBetween(cutsOf(leaves, rangesWorth(leaves, leastKeys, most), afterKey));
  }

  async #page(options: PageOptions): Promise<ListedPage> {
    const { signal, page } = this.#options;
    while (this.#underWay >= requestsAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#requests++;
    this.#underWay++;
    try {
      return await page({ ...options, ...(signal && { signal }) });
    } finally {
      this.#underWay--;
      this.#waiting.shift()?.();
    }
  }

  /** What lies below a leaf, each with its weight. */
  async #expand(leaf: Leaf): Promise<Leaf[]> {
    const { prefix, isFlat } = leaf;
    const folders = isFlat ? null : await this.#folders(prefix);
    if (folders !== null && folders.length > 0) return this.#weighAll(folders, false);
    const { keys, isTruncated } = await this.#page({ prefix });
    // A page may have no key that is UTF-8.
    if (!isTruncated || keys.length === 0) return [{ ...leaf, weight: keys.length, isOpen: false }];
    const common = isFlat ? prefix : await this.#commonPrefix(prefix, keys);
    const parts = [...alphabetOf(keys, common.length)].map((char) => common + char);
    const found = (await this.#weighAll(parts, true)).filter(({ weight }) => weight > 0);
    return found.length > 0 ? found : [{ ...leaf, isOpen: false }];
  }

  /** Folders below a prefix, and below the only one where there is only one; null where they are too many for a page. */
  async #folders(prefix: string): Promise<string[] | null> {
    const { keys, prefixes, isTruncated } = await this.#page({ prefix, delimiter: "/" });
    if (isTruncated) return null;
    const isLonely = prefixes.length === 1 && keys.length === 0 && this.#requests < maxRequests;
    return isLonely ? ((await this.#folders(prefixes[0]!)) ?? prefixes) : prefixes;
  }

  async #weighAll(prefixes: string[], isFlat: boolean): Promise<Leaf[]> {
    const step = Math.ceil(prefixes.length / sampledFolders);
    const sampled = prefixes.filter((_, i) => i % step === 0);
    const leaves = await Promise.all(sampled.map((prefix) => this.#weigh(prefix, isFlat, sampledDepth)));
    return prefixes.map((prefix, i) => ({
      ...leaves[Math.floor(i / step)]!,
      prefix,
      ...(i % step && { isOpen: true }),
    }));
  }

  async #weigh(prefix: string, isFlat: boolean, depth: number): Promise<Leaf> {
    const { keys, isTruncated } = await this.#page({ prefix });
    const leaf: Leaf = { prefix, weight: keys.length, isOpen: isTruncated && keys.length > 0, isFlat };
    if (!leaf.isOpen) return leaf;
    if (isFlat) return { ...leaf, weight: extrapolate(prefix, keys) };
    const folders = depth > 0 ? await this.#folders(prefix) : null;
    if (folders !== null && folders.length > 0) {
      const middle = await this.#weigh(folders[folders.length >> 1]!, false, depth - 1);
      return { ...leaf, weight: folders.length * middle.weight };
    }
    return { ...leaf, weight: extrapolate(await this.#commonPrefix(prefix, keys), keys) };
  }

  /** What all keys below `prefix` begin with, the first of them being `keys`: by halving what those have in common. */
  async #commonPrefix(prefix: string, keys: string[]): Promise<string> {
    const common = commonPrefixOf(keys[0]!, keys.at(-1)!);
    let [low, high] = [prefix.length, common.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const startAfter = wholeCharacters(common, middle) + lastCharacter;
      if ((await this.#page({ prefix, startAfter, maxKeys: 1 })).keys.length === 0) low = middle;
      else high = middle - 1;
    }
    return wholeCharacters(common, low);
  }
}
