import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "@labelfleet/shared/errors";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openLocked } from "./file-lock.js";
import { withLock } from "./lock.js";

/** Called once, between the next opening of a file and what is done with it. */
const between = vi.hoisted(() => ({ call: null as (() => Promise<void>) | null }));
vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs/promises")>();
  return {
    ...real,
    open: async (...args: Parameters<typeof real.open>) => {
      const handle = await real.open(...args);
      const call = between.call;
      between.call = null;
      await call?.();
      return handle;
    },
  };
});

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "labelfleet-lock-"));
  path = join(dir, "model.lock");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it.each([
  ["an empty file", ""],
  ["the id of a live process, as an older version left it", String(process.pid)],
  ["a huge number", "9".repeat(5_000)],
])("a lock file that nobody holds is no obstacle: %s", async (_what, text) => {
  await writeFile(path, text);
  expect(await withLock(path, async () => "done", { maxWaitMs: 0 })).toBe("done");
  expect(await readdir(dir)).toEqual([]);
});

it("one after another, and the file is gone at the end, also after a failure", async () => {
  let inside = 0;
  let most = 0;
  const visit = async () => {
    most = Math.max(most, ++inside);
    await sleep(2);
    inside -= 1;
    if (inside < 0) throw new Error("left twice");
  };
  const fails = async () => {
    await visit();
    throw new Error("the work failed");
  };
  const results = await Promise.allSettled([visit, fails, visit, visit].map((work) => withLock(path, work)));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(most).toBe(1);
  expect(await readdir(dir)).toEqual([]);
});

it("who opened the file before its owner gave it back does not share the next owner's lock", async () => {
  const first = await openLocked(path);
  let second: Awaited<ReturnType<typeof openLocked>> = null;
  between.call = async () => {
    // The first owner leaves, and another comes, while ours is between opening the file and locking it.
    await rm(path);
    await first!.close();
    second = await openLocked(path);
  };
  expect(await openLocked(path)).toBeNull();
  expect(second).not.toBeNull();
  await second!.close();
});

it("says for whom it waits, and stops waiting at its bound", async () => {
  const said: { owner: string; waitedSeconds: number }[] = [];
  await withLock(path, async () => {
    const waiting = withLock(path, async () => "never", { maxWaitMs: 50, onWait: (word) => said.push(word) });
    await expect(waiting).rejects.toThrow(new RegExp(`^process ${process.pid} on .+, since .+ has had ${path} for`));
    await expect(waiting).rejects.toSatisfy((error) => hasCode(error, "HUB_UNAVAILABLE"));
  });
  expect(said).toHaveLength(1);
  expect(said[0]!.owner).toContain(`process ${process.pid}`);
});

it("an owner that is killed gives the lock back at once", async () => {
  const script = `
    const { openLocked } = await import(${JSON.stringify(new URL("../../dist/hub/file-lock.js", import.meta.url).href)});
    await openLocked(${JSON.stringify(path)});
    console.log("locked");
    setInterval(() => {}, 1_000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(owner.stdout, "data");
  expect(await openLocked(path)).toBeNull();
  owner.kill("SIGKILL");
  await once(owner, "exit");
  expect(await withLock(path, async () => "done", { maxWaitMs: 0 })).toBe("done");
});

it("names the folder where there can be no lock", async () => {
  const refused = withLock(join(dir, "missing", "model.lock"), async () => "never");
  await expect(refused).rejects.toThrow(/cannot be locked \(ENOENT\): does LABELFLEET_CACHE_DIR name/);
});
