import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { runSpecSchema } from "@labelfleet/shared/contract/run-spec";
import { expect, test } from "vitest";
import { specOf } from "../test-support/made-up-run.js";
import { checkSince } from "./check-since.js";

const asked = { input: "s3://memory/in/", models: [], precision: null, topK: 1, threshold: null, embeddings: false };

test("--since wants the background of the earlier run, which was black before there was a choice", async () => {
  const dir = await mkdtemp(join(tmpdir(), "labelfleet-since-"));
  try {
    const spec = specOf();
    const write = (frozen: object) => writeFile(join(dir, runNames.spec), JSON.stringify({ ...spec, frozen }));
    await write(spec.frozen);
    await expect(checkSince(dir, { ...asked, background: null })).resolves.toContain(dir);
    await expect(checkSince(dir, { ...asked, background: "#ffffff" })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("with no --background"),
    });
    const { background: _, ...before } = spec.frozen;
    await write(before);
    await expect(checkSince(dir, { ...asked, background: "#000000" })).resolves.toContain(dir);
    await expect(checkSince(dir, { ...asked, background: null })).rejects.toThrow("with --background '#000000'");
    expect(runSpecSchema.parse({ ...spec, frozen: before }).frozen.background).toBe("#000000");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
