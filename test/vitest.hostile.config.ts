import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["hostile/**/*.test.ts"],
    // Each file starts servers and processes of its own, which two cores run best one file after another.
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
});
