import { mkdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { LabelfleetError } from "../errors.js";
import { inCache, temporaryFolder } from "./scratch-errors.js";

describe("inCache", () => {
  it("says what to do when the folder cannot be written", async () => {
    const writing = inCache("/dev/null/cache", () => mkdir("/dev/null/cache/models", { recursive: true }));
    await expect(writing).rejects.toMatchObject({ code: "SCRATCH_UNWRITABLE" });
    await expect(writing).rejects.toThrow(/cannot write \/dev\/null\/cache: .*; set LABELFLEET_CACHE_DIR/);
  });

  it("says so of a full disk, whose error names no path", async () => {
    const writing = inCache("/dev", () => writeFile("/dev/full", "x"));
    await expect(writing).rejects.toThrow(/cannot write \/dev: no space left \(ENOSPC\); set LABELFLEET_CACHE_DIR/);
  });

  it("leaves other errors as they are, those of other folders too", async () => {
    const known = new LabelfleetError("HUB_UNAVAILABLE", "away");
    await expect(inCache("/x", () => Promise.reject(known))).rejects.toBe(known);
    const reset = Object.assign(new Error("reset"), { code: "ECONNRESET" });
    await expect(inCache("/x", () => Promise.reject(reset))).rejects.toBe(reset);
    await expect(inCache("/x", () => readFile("/nowhere/model.json"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

it("a temporary folder that cannot be made names TMPDIR", async () => {
  vi.stubEnv("TMPDIR", "/dev/null/tmp");
  try {
    await expect(temporaryFolder("lf-test-")).rejects.toThrow(/cannot write \/dev\/null\/tmp: .*; set TMPDIR/);
  } finally {
    vi.unstubAllEnvs();
  }
});
