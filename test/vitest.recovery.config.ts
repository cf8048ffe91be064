import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["recovery/**/*.test.ts"],
    // Much of it is waiting for locks to expire and for processes to end, so two files at a time fit two cores.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
