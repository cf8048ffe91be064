import { expect, test } from "vitest";
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
