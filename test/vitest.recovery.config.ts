import { defineConfig } from "vitest/config";

const sharing = "recovery/fairness.test.ts";
const timeouts = { testTimeout: 180_000, hookTimeout: 120_000 };

export default defineConfig({
  root: import.meta.dirname,
  test: {
    projects: [
      {
        test: {
          name: "recovery",
          include: ["recovery/**/*.test.ts"],
          exclude: [sharing],
          // Much of it is waiting for locks to expire and for processes to end, so two files at a time fit two cores.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          ...timeouts,
        },
      },
      {
        // Compares how long runs take: nothing else may run beside it.
        test: { name: "sharing", include: [sharing], maxWorkers: 1, sequence: { groupOrder: 1 }, ...timeouts },
      },
    ],
  },
});
