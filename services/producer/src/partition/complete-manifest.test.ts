import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { describe, expect, it } from "vitest";
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

async function newFolder(): Promise<{ folder: RunFolder; store: MemoryStore }> {
  const made = emptyFolder();
  const range = { id: "r000", afterKey: null, throughKey: null };
  await made.folder.writeJsonFirst(runNames.ranges, { schemaVersion: 1, ranges: [range] });
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
});
