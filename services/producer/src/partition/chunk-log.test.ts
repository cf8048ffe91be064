import { describe, expect, it } from "vitest";
import { ChunkLog } from "./chunk-log.js";

const chunkOf = (seq: number) => ({ rangeId: "r000", chunkId: `r000-00000${seq}`, images: 10 });

describe("ChunkLog", () => {
  it("gives every reader every chunk, those to come included", async () => {
    const log = new ChunkLog();
    log.append(chunkOf(0));
    const readers = [0, 1].map(async () => {
      const seen: string[] = [];
      for await (const { chunkId } of log.follow()) seen.push(chunkId);
      return seen;
    });
    await Promise.resolve();
    log.append(chunkOf(1));
    log.end();
    expect(await Promise.all(readers)).toEqual([
      ["r000-000000", "r000-000001"],
      ["r000-000000", "r000-000001"],
    ]);
    expect(log.images).toBe(20);
  });

  it("rejects with the listing's error after the chunks before it", async () => {
    const log = new ChunkLog();
    log.append(chunkOf(0));
    log.fail(new Error("throttled"));
    const reader = log.follow();
    expect((await reader.next()).value).toEqual(chunkOf(0));
    await expect(reader.next()).rejects.toThrow("throttled");
  });
});
