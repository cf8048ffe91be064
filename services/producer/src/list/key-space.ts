import { compareKeys } from "@labelfleet/shared/storage/key-order";

/** The keys that start with a prefix, and about how many they are. */
export interface Leaf {
  prefix: string;
  weight: number;
  /** Whether a closer look would tell more: the weight is not a count. */
  isOpen: boolean;
  /** Whether keys go on in characters that are drawn from one alphabet, rather than in folders. */
  isFlat: boolean;
}

/** Characters that tell keys apart: enough for 10^8 keys behind one prefix. */
const tellingCharacters = 8;
const digits = "0123456789";
const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const alphabets = [digits, `${digits}abcdef`, `${digits}ABCDEF`, `${digits}${upper}${upper.toLowerCase()}`];

/** What two keys begin with; never half a character. */
export function commonPrefixOf(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return wholeCharacters(a, length);
}

/** The first `length` code units, or one less where that would part a surrogate pair. */
export function wholeCharacters(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}

/** The smallest of our alphabets (decimal, hexadecimal, all letters) that the keys use behind position `from`, in byte order. */
export function alphabetOf(keys: string[], from: number): string {
  const used = new Set(keys.flatMap((key) => [...telling(key, from)]));
  return alphabets.find((alphabet) => [...used].every((char) => alphabet.includes(char)))!;
}

/**
 * About how many keys start with `prefix`, by how much of what can follow it the first of them take up: when keys are
 * numbered or hashed, that many of the numbers or hashes.
 *
 * @param keys the first ones, in order
 */
export function extrapolate(prefix: string, keys: string[]): number {
  const alphabet = alphabetOf(keys, prefix.length);
  const [first, last] = [keys[0]!, keys.at(-1)!].map((key) => position(telling(key, prefix.length), alphabet));
  return keys.length / Math.max(last! - first!, alphabet.length ** -tellingCharacters);
}

/** Letters and digits behind `from` and before the extension. */
function telling(key: string, from: number): string {
  const dot = key.lastIndexOf(".");
  const body = dot > from ? key.slice(from, dot) : key.slice(from);
  return body.replace(/[^0-9A-Za-z]/g, "").slice(0, tellingCharacters);
}

/** Where among all texts of an alphabet a text stands, from 0 to 1. */
function position(text: string, alphabet: string): number {
  return [...text].reduce((sum, char, i) => sum + alphabet.indexOf(char) / alphabet.length ** (i + 1), 0);
}

function totalOf(leaves: Leaf[]): number {
  return leaves.reduce((sum, { weight }) => sum + weight, 0);
}

/** How many ranges are worth it: none smaller than `leastKeys`, and at most `most`. */
export function rangesWorth(leaves: Leaf[], leastKeys: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(totalOf(leaves) / leastKeys)));
}

/** The open leaves that are too coarse to cut between: more than half a range each. */
export function coarseLeaves(leaves: Leaf[], ranges: number): Leaf[] {
  if (ranges === 1) return [];
  const most = totalOf(leaves) / ranges / 2;
  return leaves.filter((leaf) => leaf.isOpen && leaf.weight > most);
}

/**
 * Where to cut so that ranges weigh about the same: the prefixes before which one ends, ascending, each after `afterKey`.
 * Fewer than asked for where leaves are too coarse.
 *
 * @param leaves in key order
 */
export function cutsOf(leaves: Leaf[], ranges: number, afterKey: string): string[] {
  const total = totalOf(leaves);
  const cuts: string[] = [];
  let before = 0;
  let next = 1;
  for (const { prefix, weight } of leaves) {
    if (next < ranges && before + weight / 2 >= (next * total) / ranges) {
      while (next < ranges && before + weight / 2 >= (next * total) / ranges) next++;
      if (compareKeys(prefix, cuts.at(-1) ?? afterKey) > 0) cuts.push(prefix);
    }
    before += weight;
  }
  return cuts;
}
