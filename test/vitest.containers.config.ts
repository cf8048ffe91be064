import { execFileSync } from "node:child_process";
import { defineConfig } from "vitest/config";

/** Ryuk removes what a killed test run leaves. It is an image that has to be pulled; without it the tests work as well. */
function canRunRyuk(): boolean {
  const image = process.env.RYUK_CONTAINER_IMAGE ?? "testcontainers/ryuk:0.14.0";
  for (const words of [["image", "inspect"], ["pull"]]) {
    try {
      execFileSync("docker", [...words, image], { stdio: "ignore", timeout: 60_000 });
      return true;
    } catch {}
  }
  return false;
}

export default defineConfig({
  root: import.meta.dirname,
  test: {
    // The suites that run on any TestServers, here on containers.
    include: ["containers/**/*.test.ts", "integration/storage.test.ts", "integration/run-progress.test.ts"],
    globalSetup: ["containers/global-setup.ts"],
    fileParallelism: false,
    testTimeout: 180_000,
    // The first hook may build the image.
    hookTimeout: 900_000,
    env: {
      LABELFLEET_TEST_SERVERS: "containers",
      ...(canRunRyuk() ? {} : { TESTCONTAINERS_RYUK_DISABLED: "true" }),
    },
  },
});
