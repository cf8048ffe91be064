import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { workerEnvironment } from "@labelfleet/gpu-worker/process-environment";
import { expect, test } from "vitest";

const turns = 500;
/** What malloc keeps or gives back at the moment of a look differs by so much. */
const allowedGrowth = 1.15;

test("memory stays level while models take turns", { timeout: 300_000 }, async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), "lf-turns-"));
  try {
    const main = fileURLToPath(new URL("../dist/support/model-turns-main.js", import.meta.url));
    const env = { ...process.env, ...workerEnvironment(2) };
    const { stdout } = await promisify(execFile)(process.execPath, [main, cacheDir, String(turns)], { env });
    const mibAfterEachTenth = JSON.parse(stdout) as number[];
    expect(mibAfterEachTenth).toHaveLength(10);
    const early = Math.max(...mibAfterEachTenth.slice(0, 5));
    expect(Math.max(...mibAfterEachTenth.slice(5)), stdout).toBeLessThan(early * allowedGrowth);
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
});
