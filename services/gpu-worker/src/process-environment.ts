import { noPins, planThreads, type ThreadPins, uvThreadPoolSize } from "./cores.js";

/** libuv's own, where nothing is said. */
const defaultThreadPoolSize = 4;

/** A quarter of glibc's own bound: threads that compute at once need not wait for each other, and memory stays level. */
const mallocArenasPerCore = 2;

/**
 * What a worker's process needs in its environment before it starts, since libuv and the C library read it only then:
 *
 * - `UV_THREADPOOL_SIZE`: decoders work on libuv's pool.
 * - `MALLOC_ARENA_MAX`: glibc gives threads heaps of their own, up to 8 for each core, and each grows to the most that its
 *   threads ever needed at once (docs/guarantees.md, "Memory").
 */
export function workerEnvironment(
  cores: number,
  pins: ThreadPins = noPins,
): Record<"UV_THREADPOOL_SIZE" | "MALLOC_ARENA_MAX", string> {
  const poolSize = uvThreadPoolSize(planThreads(cores, pins));
  return { UV_THREADPOOL_SIZE: String(poolSize), MALLOC_ARENA_MAX: String(mallocArenasPerCore * cores) };
}

/** What of it an environment lacks; null when it will do. Larger pools and a number of heaps that somebody chose are left alone. */
export function lackingIn(
  env: NodeJS.ProcessEnv,
  cores: number,
  pins: ThreadPins = noPins,
): Partial<Record<string, string>> | null {
  const { UV_THREADPOOL_SIZE, MALLOC_ARENA_MAX } = workerEnvironment(cores, pins);
  const isPoolTooSmall = Number(env.UV_THREADPOOL_SIZE ?? defaultThreadPoolSize) < Number(UV_THREADPOOL_SIZE);
  const lacking = {
    ...(isPoolTooSmall && { UV_THREADPOOL_SIZE }),
    ...(!env.MALLOC_ARENA_MAX && { MALLOC_ARENA_MAX }),
  };
  return Object.keys(lacking).length === 0 ? null : lacking;
}
