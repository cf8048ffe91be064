import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultCacheDir, ensureOnnx } from "./model-cache.js";
import { resolveModel } from "./registry.js";

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "labelfleet-cache-"));
});
afterEach(() => rm(cacheDir, { recursive: true, force: true }));

describe("ensureOnnx", async () => {
  const model = await resolveModel("efficientnet-lite0");

  it("builds once and then gives the same file", async () => {
    const path = await ensureOnnx(model, { cacheDir });
    const { mtimeMs, ino } = await stat(path);
    expect(await ensureOnnx(model, { cacheDir })).toBe(path);
    const again = await stat(path);
    expect(again.ino).toBe(ino);
    expect(again.mtimeMs).toBeGreaterThanOrEqual(mtimeMs);
    expect(await readdir(cacheDir)).toEqual([basename(path)]);
  });

  it("keeps graphs of other models, outputs and precisions apart", async () => {
    const other = { ...model, sha256: "0".repeat(64) };
    const paths = await Promise.all([
      ensureOnnx(model, { cacheDir }),
      ensureOnnx(model, { cacheDir, outputs: ["logits"] }),
      ensureOnnx(model, { cacheDir, precision: "fp16" }),
      ensureOnnx(other, { cacheDir }),
    ]);
    expect(new Set(paths).size).toBe(4);
    expect((await readdir(cacheDir)).length).toBe(4);
  });

  it("gives all who ask at once the same file, and leaves no temporary one", async () => {
    const paths = await Promise.all([1, 2, 3].map(() => ensureOnnx(model, { cacheDir })));
    expect(new Set(paths).size).toBe(1);
    expect(await readdir(cacheDir)).toEqual([basename(paths[0]!)]);
  });

  it.each([
    ["cut short", (path: string) => truncate(path, 1_000_000)],
    ["empty", (path: string) => truncate(path, 0)],
    [
      "altered in one byte",
      async (path: string) => {
        const bytes = await readFile(path);
        bytes[bytes.length >> 1]! ^= 1;
        await writeFile(path, bytes);
      },
    ],
  ])("builds again what was %s", async (_what, damage) => {
    const path = await ensureOnnx(model, { cacheDir });
    const intact = await readFile(path);
    await damage(path);
    expect(await ensureOnnx(model, { cacheDir })).toBe(path);
    expect(intact.equals(await readFile(path))).toBe(true);
  });

  it("keeps a bounded number of graphs, and lets old and abandoned ones go", async () => {
    const day = 86_400;
    for (let index = 0; index < 30; index++) {
      const name = join(cacheDir, `${index}.onnx`);
      await writeFile(name, "old");
      await utimes(name, index * day, index * day);
    }
    for (const [name, usedS] of [
      ["killed.tmp", day],
      ["writing.tmp", Date.now() / 1000],
    ] as const) {
      await writeFile(join(cacheDir, name), "part");
      await utimes(join(cacheDir, name), usedS, usedS);
    }
    const path = await ensureOnnx(model, { cacheDir });
    const names = await readdir(cacheDir);
    expect(names.length).toBeLessThan(30);
    expect(names).toContain(basename(path));
    expect(names).toContain("29.onnx");
    expect(names).not.toContain("0.onnx");
    expect(names).toContain("writing.tmp");
    expect(names).not.toContain("killed.tmp");
  });
});

describe("defaultCacheDir", () => {
  it("follows XDG_CACHE_HOME and falls back to ~/.cache", () => {
    expect(defaultCacheDir({ XDG_CACHE_HOME: "/x" })).toBe("/x/labelfleet");
    expect(defaultCacheDir({})).toMatch(/\.cache\/labelfleet$/);
  });
});
