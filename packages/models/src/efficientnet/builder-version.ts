/** Raised whenever the same options would give another graph: it is part of the cache key. */
export const builderVersion = 4;
