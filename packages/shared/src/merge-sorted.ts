/**
 * Reads sorted streams side by side: for each key, in order, the item that each stream has of it, or null. A stream holds a
 * key at most once.
 *
 * @param compare of two keys, the order in which every stream is sorted
 */
export async function* mergeSorted<T>(
  sources: (AsyncIterable<T> | Iterable<T>)[],
  keyOf: (item: T) => string,
  compare: (a: string, b: string) => number,
): AsyncGenerator<(T | null)[]> {
  const iterators = sources.map((source) =>
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator](),
  );
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    for (;;) {
      const keys = heads.flatMap((head) => (head.done === true ? [] : [keyOf(head.value)]));
      if (keys.length === 0) return;
      const first = keys.reduce((least, key) => (compare(key, least) < 0 ? key : least));
      const taken = heads.map((head) => head.done !== true && keyOf(head.value) === first);
      yield heads.map((head, i) => (taken[i] ? (head.value as T) : null));
      for (const [i, isTaken] of taken.entries()) if (isTaken) heads[i] = await iterators[i]!.next();
    }
  } finally {
    await Promise.all(iterators.map((iterator) => iterator.return?.()));
  }
}
