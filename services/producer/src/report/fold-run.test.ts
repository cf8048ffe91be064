import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { describe, expect, it } from "vitest";
import { entriesOf, madeUpRun, recordOf, specOf } from "../test-support/made-up-run.js";
import { foldRun } from "./fold-run.js";

const keys = [..."abcdefg"];
const spec = specOf();
const secondShard = runNames.shard("m", "r000-000000-0001", "jsonl");

async function problemsAfter(change: (folder: RunFolder) => Promise<unknown>): Promise<[string, string][]> {
  const { folder } = await madeUpRun(keys, spec);
  await change(folder);
  const { problems, isComplete } = await foldRun(folder, spec);
  expect(isComplete).toBe(problems.total === 0);
  return problems.kept.map(({ code, subject }) => [code, subject]);
}

async function rewrite(folder: RunFolder, records: ReturnType<typeof recordOf>[]) {
  return folder.store.put(folder.keyOf(secondShard), await encodeShard(records, "jsonl"));
}

describe("foldRun", () => {
  it("counts images and records of several models", async () => {
    const two = specOf({ modelIds: ["m", "n"] });
    const { folder } = await madeUpRun(keys, two, (key, modelId) => {
      if (key === "a") return "IMAGE_CORRUPT";
      return key === "b" && modelId === "n" ? "INFERENCE_FAILED" : null;
    });
    expect(await foldRun(folder, two)).toMatchObject({
      images: 7,
      records: 14,
      ok: 5,
      failed: 2,
      failedByCode: { IMAGE_CORRUPT: 1, INFERENCE_FAILED: 1 },
      models: [
        { id: "m", ok: 6, failed: 1, failedByCode: { IMAGE_CORRUPT: 1 } },
        { id: "n", ok: 5, failed: 2, failedByCode: { IMAGE_CORRUPT: 1, INFERENCE_FAILED: 1 } },
      ],
      skipped: { folderMarkers: 1, unnameable: 0, filtered: 2 },
      isComplete: true,
    });
  });

  it("reads Parquet shards too", async () => {
    const parquet = specOf({ format: "parquet" });
    const { folder } = await madeUpRun(keys, parquet, (key) => (key === "a" ? "IMAGE_EMPTY" : null));
    expect(await foldRun(folder, parquet)).toMatchObject({ ok: 6, failed: 1, isComplete: true });
  });

  it("names what is wrong with a record", async () => {
    const [c, d, e] = entriesOf(["c", "d", "e"]).map((entry) => recordOf(entry, "m"));
    expect(await problemsAfter((folder) => rewrite(folder, [c!, d!, d!]))).toEqual([["record-doubled", "d"]]);
    expect(await problemsAfter((folder) => rewrite(folder, [d!]))).toEqual([["record-missing", "c"]]);
    expect(await problemsAfter((folder) => rewrite(folder, [c!, d!, e!]))).toEqual([["record-unexpected", "e"]]);
    expect(await problemsAfter((folder) => rewrite(folder, [d!, c!]))).toEqual([["record-order", secondShard]]);
    expect(await problemsAfter((folder) => rewrite(folder, [c!, { ...d!, etag: "x" }]))).toEqual([
      ["record-wrong", "d"],
    ]);
    expect(await problemsAfter((folder) => rewrite(folder, [c!, { ...d!, modelId: "n" }]))).toEqual([
      ["record-wrong", "d"],
    ]);
  });

  it("names a shard that is missing, cut, or of no batch", async () => {
    expect(await problemsAfter((folder) => folder.store.delete(folder.keyOf(secondShard)))).toEqual([
      ["shard-missing", secondShard],
    ]);
    const cut = async (folder: RunFolder) => {
      const { body } = await folder.store.get(folder.keyOf(secondShard));
      await folder.store.put(folder.keyOf(secondShard), body.subarray(0, -9));
    };
    expect(await problemsAfter(cut)).toEqual([["shard-unreadable", secondShard]]);
    for (const stray of ["model=m/r000-000000-0004.jsonl", "model=x/r000-000000-0000.jsonl", "model=m/a.txt"]) {
      const name = `predictions/${stray}`;
      expect(await problemsAfter((folder) => folder.writeFirst(name, new Uint8Array(), ""))).toEqual([
        ["shard-unexpected", name],
      ]);
    }
  });

  it("names what is wrong with the manifest", async () => {
    const done = runNames.rangeDone("r000");
    expect(await problemsAfter((folder) => folder.store.delete(folder.keyOf(done)))).toEqual([["range-open", done]]);
    const extra = (folder: RunFolder) => folder.writeChunk("r000-000001", entriesOf(["h"]));
    expect(await problemsAfter(extra)).toEqual([["chunk-unexpected", "manifest/r000-000001.jsonl.gz"]]);
    const chunk = "manifest/r000-000000.jsonl.gz";
    const broken = (folder: RunFolder) => folder.store.put(folder.keyOf(chunk), Buffer.from("no gzip"));
    expect((await problemsAfter(broken))[0]).toEqual(["chunk-unreadable", chunk]);
    expect((await problemsAfter((folder) => folder.store.delete(folder.keyOf(chunk))))[0]).toEqual([
      "chunk-missing",
      chunk,
    ]);
    expect((await problemsAfter((folder) => folder.store.delete(folder.keyOf(runNames.ranges))))[0]).toEqual([
      "range-missing",
      runNames.ranges,
    ]);
  });

  it("sees keys that are doubled or out of order across chunks", async () => {
    const { folder } = await madeUpRun(keys, spec);
    await folder.writeJson(runNames.rangeDone("r000"), {
      schemaVersion: 1,
      chunks: 2,
      images: 8,
      skipped: { folderMarkers: 0, unnameable: 0, filtered: 0 },
    });
    await folder.writeChunk("r000-000001", entriesOf(["g"]));
    const { problems } = await foldRun(folder, spec);
    expect(problems.kept.map(({ code, subject }) => [code, subject])).toContainEqual(["chunk-order", "g"]);
  });
});
