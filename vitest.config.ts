import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "packages/*/src/**/*.test.ts",
            "services/*/src/**/*.test.ts",
            "services/dashboard/web/src/**/*.test.ts",
            "bench/src/**/*.test.ts",
            "test/support/**/*.test.ts",
          ],
          // Generous, for machines that do other things beside: no test measures speed.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "system",
          include: ["test/{golden,integration,e2e,browser}/**/*.test.ts"],
          // Each file starts servers and processes of its own, which two cores run best one file after another.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
