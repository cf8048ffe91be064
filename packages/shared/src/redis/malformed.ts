import type { Redis } from "ioredis";
import type { z } from "zod";

/** Entries that a client remembers to have complained about. */
const maxRemembered = 1_000;
const toldCharacters = 200;

interface Listener {
  warn: (line: string) => void;
  told: Set<string>;
}
const listeners = new WeakMap<Redis, Listener>();

/** Has entries of Redis that cannot be read told, once each. Without it they are left out in silence. */
export function warnOfMalformed(redis: Redis, warn: (line: string) => void): void {
  listeners.set(redis, { warn, told: new Set() });
}

/**
 * One entry of the keys that many processes write, or null where it cannot be read: one that somebody else wrote, or another
 * version, must not hide the others.
 *
 * @param entry its key and name, for the warning
 */
export function parsedEntry<T extends z.ZodType>(
  redis: Redis,
  entry: string,
  text: string,
  schema: T,
): z.output<T> | null {
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  tellOnce(redis, entry);
  return null;
}

export function tellOnce(redis: Redis, entry: string): void {
  const listener = listeners.get(redis);
  if (listener === undefined || listener.told.has(entry) || listener.told.size >= maxRemembered) return;
  listener.told.add(entry);
  listener.warn(`an entry of Redis cannot be read, and is left out: ${JSON.stringify(entry.slice(0, toldCharacters))}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
