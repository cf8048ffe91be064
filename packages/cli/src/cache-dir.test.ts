import { chmod, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { usableCacheDir } from "./cache-dir.js";

let scratch: string;
const said: string[] = [];
const say = (line: string) => said.push(line);
const temporary = () => join(scratch, `labelfleet-cache-${process.getuid!()}`);

/** Below a file, which refuses root too. */
const unwritable = () => join(scratch, "file", "below");

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "lf-cache-dir-"));
  await writeFile(join(scratch, "file"), "");
  vi.stubEnv("TMPDIR", scratch);
  said.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(scratch, { recursive: true, force: true });
});

test("the user's cache folder is made where it can be, without a word", () => {
  expect(usableCacheDir({ XDG_CACHE_HOME: join(scratch, "home") }, say)).toBe(join(scratch, "home", "labelfleet"));
  expect(said).toEqual([]);
});

test("where it cannot be written, the cache is a temporary folder of this user alone, and one line says so", async () => {
  expect(usableCacheDir({ XDG_CACHE_HOME: unwritable() }, say)).toBe(temporary());
  expect((await stat(temporary())).mode & 0o777).toBe(0o700);
  expect(said).toEqual([
    `${unwritable()}/labelfleet cannot be written: models are cached in ${temporary()}; set LABELFLEET_CACHE_DIR to keep them elsewhere`,
  ]);
  expect(usableCacheDir({ XDG_CACHE_HOME: unwritable() }, say)).toBe(temporary());
});

test("a temporary folder that somebody else can write to, or laid there as a link, is not used", async () => {
  const first = usableCacheDir({ XDG_CACHE_HOME: unwritable() }, say);
  await chmod(first, 0o777);
  const second = usableCacheDir({ XDG_CACHE_HOME: unwritable() }, say);
  expect(second).not.toBe(first);
  expect(second.startsWith(`${first}-`)).toBe(true);
  await rm(first, { recursive: true });
  await symlink(second, first);
  expect(usableCacheDir({ XDG_CACHE_HOME: unwritable() }, say)).not.toBe(first);
});

test("without a temporary folder either, the error names the variable", () => {
  vi.stubEnv("TMPDIR", unwritable());
  const finding = () => usableCacheDir({ XDG_CACHE_HOME: unwritable() }, say);
  expect(finding).toThrow(/cannot write .*: .*; set LABELFLEET_CACHE_DIR/);
});
