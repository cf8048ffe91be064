import { chmod, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProducerRig } from "./producer-rig.js";

let rig: ProducerRig;
beforeAll(async () => {
  rig = await ProducerRig.start();
});
afterAll(() => rig.stop());

async function refusalOf(preparing: Promise<unknown>): Promise<LabelfleetError> {
  const error = await preparing.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LabelfleetError);
  expect((error as LabelfleetError).message).not.toContain("\n");
  return error as LabelfleetError;
}

describe("prepareRun refuses, before anything is written,", () => {
  it.each([
    ["an address of an unknown scheme", () => rig.prepare("gs://photos"), "USAGE"],
    ["a folder that does not exist", () => rig.prepare(join(rig.dir, "nowhere")), "BUCKET_NOT_FOUND"],
    ["no model", async () => rig.prepare(await rig.photos("some", 1), { models: [] }), "USAGE"],
    [
      "a model given twice",
      async () => rig.prepare(await rig.photos("some", 1), { models: [rig.model, rig.model] }),
      "USAGE",
    ],
    [
      "an output inside the input",
      async () => rig.prepare(await rig.photos("some", 1), { output: join(rig.dir, "some", "labels") }),
      "OUTPUT_INSIDE_INPUT",
    ],
  ])("%s", async (_, prepare, code) => {
    expect((await refusalOf(prepare())).code).toBe(code);
    expect(await readdir(rig.dir)).not.toContain("labels");
  });

  it("an input without images, saying what lies there", async () => {
    const error = await refusalOf(rig.prepare(await rig.files("texts", ["a.txt", "b/c.md", "b/.jpg.txt"])));
    expect(error.code).toBe("INPUT_EMPTY");
    expect(error.message).toContain("skipped 3 files: .txt 2, .md 1");
    expect(await readdir(rig.dir)).not.toContain("labels");
  });

  it("an output where a file stands in the way", async () => {
    const input = await rig.photos("some", 1);
    await rig.files("block", ["file"]);
    const error = await refusalOf(rig.prepare(input, { output: join(rig.dir, "block", "file", "labels") }));
    expect(error.code).toBe("OUTPUT_UNWRITABLE");
  });

  it.skipIf(process.getuid?.() === 0)("an output without permission to write", async () => {
    const input = await rig.photos("some", 1);
    await mkdir(join(rig.dir, "closed"));
    await chmod(join(rig.dir, "closed"), 0o500);
    const error = await refusalOf(rig.prepare(input, { output: join(rig.dir, "closed", "labels") }));
    expect(error.code).toBe("OUTPUT_UNWRITABLE");
  });
});

describe("prepareRun chooses", () => {
  const filtersOf = (filters: object) => ({
    filters: { include: [], exclude: [], limit: null, sample: null, ...filters },
  });

  it("images by extension, pattern and limit", async () => {
    const input = await rig.files("mixed", ["a.JPG", "b.txt", "c/d.png", "c/e.webp", "c/raw.x"]);
    const keysOf = async (filters: object) => {
      const { folder } = await rig.prepare(input, filtersOf(filters));
      return (await folder.readChunk("r000-000000")).map(({ key }) => key);
    };
    expect(await keysOf({})).toEqual(["a.JPG", "c/d.png", "c/e.webp"]);
    expect(await keysOf({ include: ["*.x", "a*"] })).toEqual(["a.JPG", "c/raw.x"]);
    expect(await keysOf({ exclude: ["c/*.png"] })).toEqual(["a.JPG", "c/e.webp"]);
    expect(await keysOf({ limit: 2 })).toEqual(["a.JPG", "c/d.png"]);
    const sample = await keysOf({ sample: { size: 2, seed: 7 } });
    expect(sample).toHaveLength(2);
    expect(await keysOf({ sample: { size: 2, seed: 7 } })).toEqual(sample);
  });

  it("one batch size for the run, small enough for each worker to get four", async () => {
    const { spec } = await rig.prepare(await rig.photos("many", 100), { workersExpected: 5 });
    expect(spec.frozen.batchImages).toBe(5);
  });
});
