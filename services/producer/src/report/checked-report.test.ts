import { runNames } from "@labelfleet/shared/contract/run-names";
import { type RunReport, runReportSchema } from "@labelfleet/shared/contract/run-report";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { beforeEach, describe, expect, it } from "vitest";
import { finalizeRun } from "../finalize/finalize-run.js";
import { entriesOf, madeUpRun, recordOf, specOf } from "../test-support/made-up-run.js";
import type { MemoryStore } from "../test-support/memory-store.js";
import { checkedReport } from "./checked-report.js";
import { lossOf } from "./stored-sizes.js";
import { verifyRun } from "./verify.js";

const keys = [..."abcdefg"];
const spec = specOf({ modelIds: ["m", "n"] });
const shard = runNames.shard("n", "r000-000000-0001", "jsonl");
const chunk = "manifest/r000-000000.jsonl.gz";

let folder: RunFolder;
let store: MemoryStore;
let written: RunReport;

beforeEach(async () => {
  ({ folder, store } = await madeUpRun(keys, spec));
  written = (await finalizeRun(folder, spec)).report;
  expect(written.complete).toBe(true);
});

async function change(name: string, to: (body: Buffer) => Uint8Array): Promise<void> {
  await store.put(folder.keyOf(name), to((await store.get(folder.keyOf(name))).body));
}

const edit = (part: Partial<RunReport>) => folder.writeJson(runNames.report, { ...written, ...part });

/** Shortens a shard by one record, so that it reads well. */
const lastLineCut = (body: Buffer) => body.subarray(0, body.lastIndexOf("\n", -2) + 1);

describe("the report of a finished run", () => {
  it("is the one that was written, without a look at any shard, while the folder is as it was", async () => {
    const reads: string[] = [];
    const get = store.get.bind(store);
    store.get = (key, options) => {
      reads.push(key);
      return get(key, options);
    };
    expect(await checkedReport(folder, spec)).toEqual({ report: written, problems: [], problemCount: 0 });
    expect(reads.filter((key) => key.includes("predictions/"))).toEqual([]);
    expect(await lossOf(folder, spec, written)).toBeNull();
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      "a shard is missing",
      () => store.delete(folder.keyOf(shard)),
      "shard-missing",
      /is missing: 2 images have no record/,
    ],
    ["a shard is cut at the end of a line", () => change(shard, lastLineCut), "record-missing", /has no record/],
    [
      "a shard is cut within a line",
      () => change(shard, (b) => b.subarray(0, -9)),
      "shard-unreadable",
      /last line is cut/,
    ],
    ["a shard is empty", () => change(shard, () => new Uint8Array()), "record-missing", /has no record/],
    ["a shard is doubled", () => change(shard, (b) => Buffer.concat([b, b])), "record-doubled", /has 2 records/],
    [
      "there is a shard too many",
      () => store.put(folder.keyOf(shard.replace("0001", "0009")), Buffer.from("x\n")),
      "shard-unexpected",
      /belongs to no batch/,
    ],
    [
      "a model is there that the run has not",
      () => store.put(folder.keyOf(shard.replace("=n", "=x")), Buffer.from("x\n")),
      "shard-unexpected",
      /belongs to no batch/,
    ],
    ["a chunk of the manifest is missing", () => store.delete(folder.keyOf(chunk)), "chunk-missing", /is missing/],
    [
      "a chunk of the manifest is cut",
      () => change(chunk, (b) => b.subarray(0, -9)),
      "chunk-unreadable",
      /not a gzip file/,
    ],
    [
      "the report counts more images than were listed",
      () => edit({ images: 10, ok: 10 }),
      "report-wrong",
      /counts 10 images, the manifest 7/,
    ],
    [
      "the report counts fewer ok and failed than images",
      () => edit({ ok: 6 }),
      "report-wrong",
      /6 ok and 0 failed of 7/,
    ],
    [
      "the report lacks a model",
      () => edit({ models: written.models.slice(1) }),
      "report-wrong",
      /0 records of model m/,
    ],
  ])("says what is wrong when %s, and so does verify", async (_what, harm, code, message) => {
    await harm();
    const { report, problems } = await checkedReport(folder, spec);
    expect(problems).toContainEqual(expect.objectContaining({ code, message: expect.stringMatching(message) }));
    expect(report.images).toBeLessThanOrEqual(7);
    const verification = await verifyRun(folder);
    expect(verification.complete).toBe(false);
    expect(verification.problems).toEqual(problems);
  });

  it("is counted anew where it is no report, which is not complete, or missing", async () => {
    await change(runNames.report, () => Buffer.from("{"));
    const message = expect.stringContaining("not JSON");
    expect(await checkedReport(folder, spec)).toMatchObject({
      report: { complete: false, images: 7, ok: 7, failed: 0 },
      problems: [{ code: "report-wrong", message }],
    });
    expect((await verifyRun(folder)).problems).toMatchObject([{ code: "report-wrong", message }]);
    await store.delete(folder.keyOf(runNames.report));
    expect(await checkedReport(folder, spec)).toMatchObject({ report: { complete: true, ok: 7 }, problems: [] });
  });

  it("of an earlier version, without sizes, is compared with the records themselves", async () => {
    const { stored: _, ...earlier } = written;
    await folder.writeJson(runNames.report, earlier);
    expect((await checkedReport(folder, spec)).report).toEqual(runReportSchema.parse(earlier));
    await change(shard, lastLineCut);
    expect((await checkedReport(folder, spec)).problemCount).toBe(1);
  });

  it("tells of the time before while a retry has rewritten some, and nothing counts as wrong", async () => {
    const records = entriesOf(keys)
      .slice(2, 4)
      .map((entry) => ({ ...recordOf(entry, "n", "IMAGE_CORRUPT"), pass: 1 }));
    await store.put(folder.keyOf(shard), await encodeShard(records, "jsonl"));
    expect(await checkedReport(folder, spec)).toEqual({ report: written, problems: [], problemCount: 0 });
  });
});
