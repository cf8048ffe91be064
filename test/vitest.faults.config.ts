import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["faults/**/*.test.ts"],
    globalSetup: ["faults/global-setup.ts"],
    // Cases mostly wait, each with servers and processes of its own: several files, and several cases of each, at a time.
    maxWorkers: 3,
    maxConcurrency: 4,
    // Longer than a case may take, so that it ends by itself and with it its processes.
    testTimeout: 480_000,
    hookTimeout: 240_000,
  },
});
