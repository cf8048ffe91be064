import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { IndexBuild } from "@labelfleet/dashboard/labels/index-build";
import { LabelIndex } from "@labelfleet/dashboard/labels/label-index";
import { matchRows, noFilter } from "@labelfleet/dashboard/labels/match-rows";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { type OutputFormat, outputFormats } from "@labelfleet/shared/contract/run-spec";
import { createLogger } from "@labelfleet/shared/logger";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeUpRun } from "../support/made-up-run.js";

let dir: string;
const open: { close(): Promise<void> }[] = [];
const modelIds = ["a", "b"];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lf-index-"));
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  await rm(dir, { recursive: true, force: true });
});

function record(i: number, modelId: string): Prediction {
  const isFailed = i % 9 === 8;
  return {
    key: `photo-${i}.jpg`,
    etag: "1-1",
    sizeBytes: 1,
    width: 1,
    height: 1,
    modelId,
    status: isFailed ? "failed" : "ok",
    top: isFailed ? null : [{ index: i % 4, label: `label ${i % 4}`, probability: (i % 100) / 100 }],
    embedding: null,
    errorCode: isFailed ? "STORE_TIMEOUT" : null,
    errorMessage: isFailed ? "made up" : null,
    retryable: isFailed ? true : null,
    workerId: "w",
    pass: 0,
  };
}

function madeUp(format: OutputFormat = "jsonl"): Promise<string> {
  return makeUpRun({ out: dir, input: dir, modelIds, images: 250, batchImages: 100, format, record });
}

/** An index as a dashboard that has just started makes it. */
async function indexed(run: string, isReadOnly = false): Promise<LabelIndex> {
  const folder = await RunFolder.open(run);
  const logger = createLogger({ name: "test", level: "silent" });
  const index = new LabelIndex({ folder, spec: await folder.readSpec(), logger, isReadOnly });
  open.push(folder, index);
  await index.untilCurrent();
  return index;
}

function labelsIn({ table }: LabelIndex, modelId: string): (string | null)[] {
  return [...matchRows(table, { ...noFilter, modelId })].map((row) => table.labels.nameOf(table.label[row]!));
}

const expectedLabels = Array.from({ length: 250 }, (_, i) => record(i, "a").top?.[0]?.label ?? null);

test.each(outputFormats)(
  "an index of %s shards says what they say, and the next dashboard finds it",
  async (format) => {
    const run = await madeUp(format);
    const index = await indexed(run);
    expect(index.state).toMatchObject({ records: 500, shards: 6, isComplete: true, problem: null });
    expect(labelsIn(index, "a")).toEqual(expectedLabels);
    expect(await readdir(fileURLToPath(new URL("index/", run)))).toEqual(["labels-000000.bin"]);
    // A label that only the written index has shows where the next one takes its labels from.
    const segment = new URL("index/labels-000000.bin", run);
    await writeFile(segment, (await readFile(segment, "latin1")).replace("label 3", "LABEL 3"), "latin1");
    const again = await indexed(run);
    expect(labelsIn(again, "b")).toEqual(expectedLabels.map((label) => label?.replace("label 3", "LABEL 3") ?? null));
    expect(again.state.isComplete).toBe(true);
  },
);

test("shards are read faster than they are taken, and all of them are taken", async () => {
  const run = await makeUpRun({ out: dir, input: dir, modelIds: ["a"], images: 60, batchImages: 1, record });
  const held = new Int32Array(new SharedArrayBuffer(4));
  let taken = 0;
  const build = new IndexBuild({
    run,
    known: [],
    onShard: () => {
      taken++;
      // The dashboard's thread has other things to do.
      Atomics.wait(held, 0, 0, 5);
    },
    onUnreadable: (_name, message) => expect.unreachable(message),
  });
  expect(await build.done).toEqual({ listed: 60, gone: [] });
  expect(taken).toBe(60);
  await build.stop();
});

test("shards that appear later are added, and a rewritten one replaces what it was", async () => {
  const run = await madeUp();
  await indexed(run);
  const folder = await RunFolder.open(run);
  open.push(folder);
  const put = async (batchId: string, records: Prediction[]) =>
    folder.store.put(folder.keyOf(runNames.shard("a", batchId, "jsonl")), await encodeShard(records, "jsonl"));
  await put("r000-000000-0003", [record(1, "a")]);
  const retried = Array.from({ length: 100 }, (_, i) => ({ ...record(i, "a"), ...(i === 8 && { ...record(0, "a") }) }));
  await put("r000-000000-0000", retried);
  const index = await indexed(run);
  expect(index.state).toMatchObject({ records: 501, shards: 7 });
  const labels = labelsIn(index, "a");
  expect(labels[8]).toBe("label 0");
  expect(labels.at(-1)).toBe("label 1");
  expect(labelsIn(await indexed(run), "a")).toEqual(labels);
});

test("a damaged index is made anew, and an unreadable shard is told and keeps nothing else from being shown", async () => {
  const run = await madeUp();
  await indexed(run);
  await writeFile(new URL("index/labels-000000.bin", run), "damaged");
  expect(labelsIn(await indexed(run), "a")).toEqual(expectedLabels);
  await writeFile(new URL("predictions/model=b/r000-000000-0001.jsonl", run), "{not json}\n");
  const index = await indexed(run);
  expect(index.state.problem).toContain("r000-000000-0001.jsonl");
  expect(index.state.isComplete).toBe(false);
  expect(labelsIn(index, "a")).toEqual(expectedLabels);
});

test.each(outputFormats)(
  "a %s shard that is lost after it was indexed is not shown any more, and told",
  async (format) => {
    const run = await madeUp(format);
    const first = await indexed(run);
    expect(first.state).toMatchObject({ records: 500, isComplete: true });
    await rm(new URL(`predictions/model=b/r000-000000-0001.${format}`, run));
    await first.untilAnew();
    for (const index of [first, await indexed(run), await indexed(run)]) {
      expect(index.state).toMatchObject({ records: 400, shards: 5, isComplete: false });
      expect(index.state.problem).toMatch(/^The run is not complete: 150 of 250 records of b are there/);
      expect(labelsIn(index, "a")).toEqual(expectedLabels);
      expect(labelsIn(index, "b")).toEqual([...expectedLabels.slice(0, 100), ...expectedLabels.slice(200)]);
    }
  },
);

test("a shard that is cut at the end of a line after it was indexed is told", async () => {
  const run = await madeUp();
  await indexed(run);
  const shard = new URL("predictions/model=b/r000-000000-0002.jsonl", run);
  const lines = (await readFile(shard, "utf8")).split("\n");
  await writeFile(shard, `${lines.slice(0, 7).join("\n")}\n`);
  const { state } = await indexed(run);
  expect(state).toMatchObject({ records: 457, isComplete: false, problem: expect.stringContaining("207 of 250") });
});

test("a read-only dashboard writes nothing into the run", async () => {
  const run = await madeUp();
  const index = await indexed(run, true);
  expect(index.state.isComplete).toBe(true);
  expect(await readdir(fileURLToPath(run))).not.toContain("index");
});
