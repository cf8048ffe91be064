import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { findLeaks, takeSnapshot } from "./leaks.js";

it("names a thread that was not ended, until it is", async () => {
  const before = await takeSnapshot();
  const thread = new Worker("setInterval(() => {}, 1_000)", { eval: true });
  try {
    await once(thread, "online");
    expect(await findLeaks(before, 0)).toContain("1 worker threads");
    expect(await findLeaks(await takeSnapshot(), 0)).not.toContain("1 worker threads");
  } finally {
    await thread.terminate();
  }
  expect(await findLeaks(before)).not.toContain("1 worker threads");
});
