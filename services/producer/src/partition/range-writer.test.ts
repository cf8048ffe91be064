import { rangeDoneSchema } from "@labelfleet/shared/contract/manifest";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { noneSkipped } from "@labelfleet/shared/contract/skipped";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { describe, expect, it } from "vitest";
import { emptyFolder, entriesOf } from "../test-support/made-up-run.js";
import { RangeWriter } from "./range-writer.js";

const unbounded = Number.POSITIVE_INFINITY;

function writerOf(folder: RunFolder, maxImages = unbounded) {
  return new RangeWriter({ folder, rangeId: "r000", chunkEntries: 3, maxImages });
}

async function write(folder: RunFolder, keys: string[], maxImages = unbounded): Promise<RangeWriter> {
  const writer = writerOf(folder, maxImages);
  for (const entry of entriesOf(keys)) await writer.add(entry);
  return writer;
}

async function chunksOf(folder: RunFolder): Promise<string[]> {
  const chunks: string[] = [];
  for await (const { name } of folder.list("manifest/r000-")) {
    const entries = await folder.readChunk(name.slice("manifest/".length, -".jsonl.gz".length));
    chunks.push(entries.map(({ key }) => key).join(""));
  }
  return chunks;
}

describe("RangeWriter", () => {
  it("writes full chunks as they fill and the rest at the end", async () => {
    const { folder } = emptyFolder();
    const writer = await write(folder, [..."abcdefgh"]);
    expect(await chunksOf(folder)).toEqual(["abc", "def"]);
    await writer.finish(noneSkipped());
    expect(await chunksOf(folder)).toEqual(["abc", "def", "gh"]);
    const done = await folder.readJson(runNames.rangeDone("r000"), rangeDoneSchema);
    expect(done?.value).toMatchObject({ chunks: 3, images: 8 });
  });

  it("ends a listing of full chunks with an empty one, which nobody else can fill", async () => {
    const { folder } = emptyFolder();
    const first = await write(folder, [..."abc"]);
    const second = await write(folder, [..."abcd"]);
    await first.finish(noneSkipped());
    await second.finish(noneSkipped());
    expect(await chunksOf(folder)).toEqual(["abc", ""]);
    const done = await folder.readJson(runNames.rangeDone("r000"), rangeDoneSchema);
    expect(done?.value).toMatchObject({ chunks: 2, images: 3 });
  });

  it("goes on behind the chunk of a faster producer, also when that saw other keys", async () => {
    const { folder } = emptyFolder();
    await folder.writeChunk("r000-000000", entriesOf([..."ace"]));
    const writer = await write(folder, [..."abcdefgh"]);
    await writer.finish(noneSkipped());
    expect(await chunksOf(folder)).toEqual(["ace", "fgh", ""]);
  });

  it("keeps what a faster producer's chunk does not reach", async () => {
    const { folder } = emptyFolder();
    await folder.writeChunk("r000-000000", entriesOf([..."ABC"]));
    await (await write(folder, [..."abcd"])).finish(noneSkipped());
    expect(await chunksOf(folder)).toEqual(["ABC", "abc", "d"]);
  });

  it("stops at the limit, adopted chunks included", async () => {
    const { folder } = emptyFolder();
    const writer = writerOf(folder, 5);
    await folder.writeChunk("r000-000000", entriesOf([..."abc"]));
    writer.adopt(entriesOf([..."abc"]));
    for (const entry of entriesOf([..."abcdefgh"])) await writer.add(entry);
    expect(writer.isAtLimit).toBe(true);
    await writer.finish(noneSkipped());
    expect(await chunksOf(folder)).toEqual(["abc", "de"]);
  });
});
