import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig, smallPhotos } from "../e2e/rig.js";

/** A machine without a device that CUDA could use, whatever this one has. */
const noCuda = { CUDA_VISIBLE_DEVICES: "" };

let rig: Rig;
let input: string;

beforeAll(async () => {
  rig = await Rig.start();
  const corrupt = { name: "corrupt.jpg", bytes: Buffer.from("ffd8ffe0000102", "hex") };
  input = await rig.folder("input", [...(await smallPhotos(3)), corrupt]);
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

/** The command ends by itself with the reason, in one line, and advises nothing that would fail again. */
async function endsWithTheReason(words: string[], env: Record<string, string> = {}): Promise<void> {
  const result = await rig.cli.run(words, { ...noCuda, ...env }, 30_000);
  expect(result.exitCode, result.stderr).toBe(1);
  expect(result.stdout).toBe("");
  expect(result.stderr.trimEnd().split("\n"), result.stderr).toHaveLength(1);
  expect(result.stderr).toMatch(
    /^labelfleet: --device cuda cannot be used: .* use --device cpu \[DEVICE_UNAVAILABLE\]\n$/,
  );
}

test("a device that cannot be opened ends a run before anything is written", async () => {
  const out = join(rig.dir, "none");
  await endsWithTheReason(["run", input, "--out", out, "--device", "cuda"]);
  await endsWithTheReason(["run", input, "--out", out, "--device", "cuda", "--workers", "2"]);
  await expect(readFile(out)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a worker without the device it was told to use ends, and takes no batch", async () => {
  await endsWithTheReason(["work", "--device", "cuda"], rig.shared);
});

test("a run for a device that is not here can be resumed and retried on another one, and says so", async () => {
  const words = ["run", input, "--out", join(rig.dir, "labels"), "--device", "cpu", "--max-failed", "100%", "--json"];
  const { stdout } = await rig.cli.run(words);
  const { run } = JSON.parse(stdout) as { run: string };
  const path = new URL("run.json", run);
  const spec = JSON.parse(await readFile(path, "utf8")) as RunSpec;
  spec.frozen.device = "cuda";
  await writeFile(path, JSON.stringify(spec));
  await endsWithTheReason(["resume", run]);
  await endsWithTheReason(["retry", run, "--code", "IMAGE_CORRUPT"]);
  await rig.succeed(["retry", run, "--code", "IMAGE_CORRUPT", "--device", "cpu"], noCuda);
  await rig.succeed(["resume", run, "--device", "cpu"], noCuda);
});
