import { spawnSync } from "node:child_process";
import { expect, test, vi } from "vitest";
import { listenForShutdown } from "./shutdown.js";

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s stops a command in good order", (name) => {
  const shutdown = listenForShutdown();
  try {
    process.emit(name, name);
    expect(shutdown.signal.reason).toMatchObject({ code: "INTERRUPTED", message: `stopped by ${name}` });
  } finally {
    shutdown.release();
  }
  expect(process.listenerCount("SIGHUP")).toBe(0);
});

test("the same signal a second time ends the process at once, a different one does not", () => {
  const endAtOnce = vi.fn();
  const shutdown = listenForShutdown(endAtOnce);
  try {
    process.emit("SIGINT", "SIGINT");
    process.emit("SIGTERM", "SIGTERM");
    expect(endAtOnce).not.toHaveBeenCalled();
    process.emit("SIGINT", "SIGINT");
    expect(endAtOnce.mock.calls).toEqual([["SIGINT"]]);
  } finally {
    shutdown.release();
  }
});

test("a process with native threads ends by the signal itself, not in the way that unloads them", async () => {
  const script = `
    import { dieBy, listenForShutdown } from ${JSON.stringify(import.meta.resolve("../dist/shutdown.js"))};
    process.on("exit", () => console.log("unloads"));
    listenForShutdown(dieBy);
    process.emit("SIGINT", "SIGINT");
    process.emit("SIGINT", "SIGINT");
    setTimeout(() => {}, 5_000);
  `;
  const child = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  expect([child.signal, child.stdout]).toEqual(["SIGINT", ""]);
});
