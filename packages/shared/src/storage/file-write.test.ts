import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder } from "./file-write.js";

test("folders that several make at once are there for all of them", async () => {
  const dir = await mkdtemp(join(tmpdir(), "lf-folders-"));
  try {
    for (let round = 0; round < 100; round++) {
      const folders = [1, 2, 3, 4].map((n) => join(dir, String(round), "a", "b", `c${n % 2}`, "d"));
      await Promise.all(folders.map((folder) => makeFolder(folder)));
      for (const folder of folders) expect((await stat(folder)).isDirectory()).toBe(true);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
