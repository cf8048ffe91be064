import { maxChunkEntries, rangeDoneSchema } from "@labelfleet/shared/contract/manifest";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
import { describe, expect, it } from "vitest";
import { rangesBetween } from "../list/find-ranges.js";
import { emptyFolder, specOf } from "../test-support/made-up-run.js";
import { MemoryStore } from "../test-support/memory-store.js";
import { ChunkLog } from "./chunk-log.js";
import { completeManifest } from "./complete-manifest.js";

// 6,000 images a batch make chunks of 6,000.
const batchImages = 6_000;
const keys = Array.from({ length: 15_000 }, (_, i) => {
  const name = `in/${String(i).padStart(5, "0")}`;
  return i % 10 === 3 ? `${name}.txt` : i % 1000 === 7 ? `${name}/` : `${name}.jpg`;
});

async function newFolder(cuts: string[] = []): Promise<{ folder: RunFolder; store: MemoryStore }> {
  const made = emptyFolder();
  await made.folder.writeJsonFirst(runNames.ranges, { schemaVersion: 1, ranges: rangesBetween(cuts) });
  return made;
}

/** Lists to the end, or until the log has so many images. */
async function list(folder: RunFolder, spec: RunSpec, input: MemoryStore, untilImages = Number.POSITIVE_INFINITY) {
  const log = new ChunkLog();
  const stop = new AbortController();
  const append = log.append.bind(log);
  log.append = (chunk) => {
    append(chunk);
    if (log.images >= untilImages) stop.abort(new Error("killed"));
  };
  await completeManifest({ folder, spec, input: { store: input, prefix: "in/" }, log, signal: stop.signal });
  return log;
}

function manifestOf(store: MemoryStore): Record<string, string> {
  const names = [...store.objects.keys()].filter((key) => key.startsWith("run/manifest/")).sort();
  return Object.fromEntries(names.map((name) => [name, store.objects.get(name)!.toString("base64")]));
}

describe("completeManifest", () => {
  it.each([
    ["everything", {}, true],
    ["everything, its last counts not saved", {}, false],
    ["a limit", { limit: 11_000 }, true],
    ["a sample", { sample: { size: 11_000, seed: 1 } }, true],
  ])("leaves the same manifest when it was killed in between, with %s", async (_, filters, isSaved) => {
    const base = specOf({ batchImages });
    const spec = specOf({ batchImages, filters: { ...base.frozen.filters, ...filters } });
    const [undisturbed, killed] = [await newFolder(), await newFolder()];
    const log = await list(undisturbed.folder, spec, MemoryStore.of(keys));
    expect(log.hasEnded).toBe(true);
    await expect(list(killed.folder, spec, MemoryStore.of(keys), 6_000)).rejects.toThrow("killed");
    expect(Object.keys(manifestOf(killed.store))).not.toContain("run/manifest/r000.done");
    if (!isSaved) await killed.store.delete("run/manifest/r000.skipped.json");
    expect((await list(killed.folder, spec, MemoryStore.of(keys))).soFar()).toEqual(log.soFar());
    expect(manifestOf(killed.store)).toEqual(manifestOf(undisturbed.store));
  });

  it("goes on after the last key of the last chunk, and does not list a finished range", async () => {
    const spec = specOf({ batchImages });
    const { folder } = await newFolder();
    const input = MemoryStore.of(keys);
    await expect(list(folder, spec, input, 12_000)).rejects.toThrow("killed");
    const lastKey = (await folder.readChunk("r000-000001")).at(-1)!.key;
    input.listed.length = 0;
    await list(folder, spec, input);
    expect(input.listed[0]).toBe(keys[keys.indexOf(lastKey) + 1]);
    input.listed.length = 0;
    expect((await list(folder, spec, input)).images).toBe(13_485);
    expect(input.listed).toEqual([]);
  });

  it("tells only chunks that lie there, whatever a range's totals say", async () => {
    const spec = specOf({ batchImages });
    const { folder } = await newFolder();
    const whole = (await list(folder, spec, MemoryStore.of(keys))).soFar();
    const skipped = { folderMarkers: 0, unnameable: 0, filtered: 0 };
    const totals = { schemaVersion: 1, chunks: 1_000_000, images: 1_000_000 * maxChunkEntries, skipped };
    await folder.writeJson(runNames.rangeDone("r000"), totals);
    const log = await list(folder, spec, MemoryStore.of(keys));
    expect(log.soFar().map(({ chunkId }) => chunkId)).toEqual(whole.map(({ chunkId }) => chunkId));
  });

  describe("with several ranges", () => {
    const spec = specOf({ batchImages });
    // No key lies between the last two cuts; the first range is longer than a chunk, and so is the last.
    const cuts = ["in/07", "in/07000.jpg", "in/08000.jpg", "in/08000.jpga"];

    it("lists them all into one sorted list, and tells the same totals as one range", async () => {
      const [one, several] = [await newFolder(), await newFolder(cuts)];
      const inOne = await list(one.folder, spec, MemoryStore.of(keys));
      const log = await list(several.folder, spec, MemoryStore.of(keys));
      expect(await keysIn(several.folder, log)).toEqual(await keysIn(one.folder, inOne));
      expect(log).toMatchObject({ images: inOne.images, hasEnded: true });
      expect(new Set(log.soFar().map(({ rangeId }) => rangeId)).size).toBe(cuts.length + 1);
      const skipped = await Promise.all(
        rangesBetween(cuts).map(({ id }) => several.folder.readJson(runNames.rangeDone(id), rangeDoneSchema)),
      );
      const filtered = skipped.reduce((sum, done) => sum + done!.value.skipped.filtered, 0);
      expect(filtered).toBe(keys.filter((key) => key.endsWith(".txt")).length);
    });

    it("leaves the same manifest when it was killed in between, and lists no finished range again", async () => {
      const [undisturbed, killed] = [await newFolder(cuts), await newFolder(cuts)];
      await list(undisturbed.folder, spec, MemoryStore.of(keys));
      await expect(list(killed.folder, spec, MemoryStore.of(keys), 6_000)).rejects.toThrow("killed");
      const open = rangesBetween(cuts).filter(({ id }) => !killed.store.objects.has(`run/${runNames.rangeDone(id)}`));
      expect(open.length).toBeGreaterThan(0);
      const input = MemoryStore.of(keys);
      await list(killed.folder, spec, input);
      expect(manifestOf(killed.store)).toEqual(manifestOf(undisturbed.store));
      const isOpen = (key: string) =>
        open.some(
          (range) => compareKeys(key, range.afterKey ?? "") > 0 && compareKeys(key, range.throughKey ?? "~") <= 0,
        );
      expect(input.listed.length).toBeGreaterThan(0);
      expect(input.listed.every(isOpen)).toBe(true);
    });

    it("stops the others when one fails, and rejects with its error", async () => {
      const { folder, store } = await newFolder(cuts);
      const input = MemoryStore.of(keys);
      const whole = input.list.bind(input);
      input.list = async function* (options) {
        if (options.startAfter === "in/08000.jpga") throw new Error("throttled");
        yield* whole(options);
      };
      await expect(list(folder, spec, input)).rejects.toThrow("throttled");
      expect(store.objects.has(`run/${runNames.rangeDone("r000")}`)).toBe(false);
    });
  });
});

/** In the order of the chunks' names, which is that of the manifest. */
async function keysIn(folder: RunFolder, log: ChunkLog): Promise<string[]> {
  const chunkIds = log.soFar().map(({ chunkId }) => chunkId);
  const chunks = await Promise.all(chunkIds.sort().map((chunkId) => folder.readChunk(chunkId)));
  return chunks.flat().map(({ key }) => key);
}
