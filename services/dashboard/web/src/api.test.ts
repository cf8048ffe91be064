import { afterEach, expect, test, vi } from "vitest";
import { ApiError, getJson } from "./api";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A server whose answers come one after another. */
function answers(...responses: (() => Response)[]) {
  const fetch = vi.fn(async () => responses.shift()!());
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

/** An answer that ends with an error after its first bytes. */
function broken(error: Error): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"total":'));
      controller.error(error);
    },
  });
  return new Response(body, { status: 200 });
}

test("an answer whose body breaks off is asked for again", async () => {
  vi.useFakeTimers();
  const fetch = answers(
    () => broken(new TypeError("network error")),
    () => Response.json({ total: 3 }),
  );
  const answer = getJson("/api/labels");
  await vi.runAllTimersAsync();
  expect(await answer).toEqual({ total: 3 });
  expect(fetch).toHaveBeenCalledTimes(2);
});

test("an answer that is given up while its body comes is an error, not an empty answer", async () => {
  const gone = new AbortController();
  answers(() => {
    gone.abort();
    return broken(new DOMException("aborted", "AbortError"));
  });
  await expect(getJson("/api/labels", gone.signal)).rejects.toThrow("aborted");
});

test("a refusal says why, or at least its status", async () => {
  answers(
    () => Response.json({ error: "no such run" }, { status: 404 }),
    () => new Response("<html>", { status: 502 }),
  );
  await expect(getJson("/api/runs/x")).rejects.toEqual(new ApiError(404, "no such run"));
  await expect(getJson("/api/runs/x")).rejects.toEqual(new ApiError(502, "the dashboard answered 502"));
});
