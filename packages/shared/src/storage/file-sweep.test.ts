import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { abandonedAfterMs, removeAbandoned } from "./file-sweep.js";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "lf-sweep-"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function fileOf(name: string, ageMs: number): Promise<void> {
  await mkdir(join(root, name, ".."), { recursive: true });
  await writeFile(join(root, name), "x");
  const at = new Date(Date.now() - ageMs);
  await utimes(join(root, name), at, at);
}

it("removes old temporary files and locks at every depth, and nothing else", async () => {
  const [old, young] = [abandonedAfterMs + 1_000, abandonedAfterMs - 60_000];
  await fileOf(".lf-tmp-1-a", old);
  await fileOf("predictions/model=m/.lf-tmp-2-b", old);
  await fileOf("predictions/model=m/.lf-tmp-lock-c", old);
  await fileOf("stats/.lf-tmp-3-d", young);
  await fileOf("predictions/model=m/r000-000000-0000.jsonl", old);
  expect(await removeAbandoned(root, Date.now())).toBe(3);
  const left = await readdir(root, { recursive: true });
  expect(left.filter((name) => !["predictions", "predictions/model=m", "stats"].includes(name)).sort()).toEqual([
    "predictions/model=m/r000-000000-0000.jsonl",
    "stats/.lf-tmp-3-d",
  ]);
});

it("has nothing to do where there is no folder", async () => {
  expect(await removeAbandoned(join(root, "absent"), Date.now())).toBe(0);
});
