import { readdir } from "node:fs/promises";
import { describe, expect, inject, test } from "vitest";
import { ownTemporaryDir } from "../support/temporary-dir.js";
import { killBeforePut, killBetweenCountAndAcknowledge, zombie } from "./cases/worker-cases.js";
import { faultPhotos } from "./expected.js";
import { type FaultCase, runCase } from "./fault-case.js";
import { type Mutation, makeMutant } from "./mutant.js";

const shardWriter = "services/gpu-worker/dist/write/shard-writer.js";

/** What each case says when it meets its mutation. */
const mutations: { name: string; mutation: Mutation; caughtBy: FaultCase; complaint: RegExp }[] = [
  {
    name: "a worker that counts and acknowledges before its PUT is done",
    mutation: {
      file: shardWriter,
      snippet: "await folder.store.put(folder.keyOf(name), bytes, {",
      replacement:
        "void ((...words) => folder.store.put(...words).catch(() => undefined))(folder.keyOf(name), bytes, {",
    },
    caughtBy: killBeforePut,
    complaint: /before their shard is safe/,
  },
  {
    name: "a count that adds without asking whether the batch is done",
    mutation: {
      file: "packages/shared/dist/redis/run-progress.js",
      snippet: "tonumber(ARGV[3]) - oldOk",
      replacement: "tonumber(ARGV[3])",
    },
    caughtBy: killBetweenCountAndAcknowledge,
    complaint: /images counted in Redis/,
  },
  {
    name: "a PUT without its condition",
    mutation: {
      file: shardWriter,
      snippet: "...(options.conditionalPut ? condition : {}),",
      replacement: "",
    },
    caughtBy: zombie,
    complaint: /shards after the zombie's PUTs/,
  },
];

describe.concurrent("mutations of the built code", () => {
  test.for(mutations)("$name is caught", async ({ mutation, caughtBy, complaint }) => {
    const mutant = await makeMutant(mutation);
    try {
      const photos = await faultPhotos();
      const running = runCase(caughtBy, { photos, expected: new Map(inject("undisturbed")), program: mutant.program });
      await expect(running).rejects.toThrow(complaint);
    } finally {
      await mutant.remove();
    }
  });
});

test("a mutation whose snippet is gone is an error, and leaves no copy behind", async () => {
  const temporary = await ownTemporaryDir("no-mutant");
  try {
    const gone: Mutation = { file: shardWriter, snippet: "no such piece of code", replacement: "" };
    await expect(makeMutant(gone)).rejects.toThrow("no such piece of code");
    expect(await readdir(temporary.dir)).toEqual([]);
  } finally {
    await temporary.release();
  }
});
