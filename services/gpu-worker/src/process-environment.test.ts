import { expect, it } from "vitest";
import { lackingIn, workerEnvironment } from "./process-environment.js";

it("asks for a pool with room for decodes that hang, and for few heaps", () => {
  expect(workerEnvironment(2)).toEqual({ UV_THREADPOOL_SIZE: "7", MALLOC_ARENA_MAX: "4" });
  expect(workerEnvironment(16).MALLOC_ARENA_MAX).toBe("32");
});

it("finds nothing lacking in a process that was started with it", () => {
  expect(lackingIn(workerEnvironment(4), 4)).toBeNull();
});

it("leaves larger pools and another number of heaps alone", () => {
  expect(lackingIn({ UV_THREADPOOL_SIZE: "64", MALLOC_ARENA_MAX: "1" }, 4)).toBeNull();
  expect(lackingIn({ UV_THREADPOOL_SIZE: "64" }, 4)).toEqual({ MALLOC_ARENA_MAX: "8" });
});

it("does not make do with a pool that is too small, nor with libuv's own", () => {
  expect(lackingIn({ UV_THREADPOOL_SIZE: "1", MALLOC_ARENA_MAX: "1" }, 2)).toEqual({ UV_THREADPOOL_SIZE: "7" });
  expect(lackingIn({ MALLOC_ARENA_MAX: "1" }, 2)).toEqual({ UV_THREADPOOL_SIZE: "7" });
});
