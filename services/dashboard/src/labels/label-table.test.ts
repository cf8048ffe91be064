import { expect, test } from "vitest";
import { failedImages } from "./failed-images.js";
import { histogramsOf } from "./histograms.js";
import { LabelTable } from "./label-table.js";
import { type LabelFilter, matchRows, noFilter } from "./match-rows.js";
import { columnsOf, type ShardColumns } from "./shard-columns.js";
import { labelSorts, sortRows } from "./sort-rows.js";

type Row = [label: string | null, probability: number, errorCode?: string];

function columns(rows: Row[]): Promise<ShardColumns> {
  async function* pieces() {
    yield rows.map(([label, probability, errorCode], i) => ({
      offset: i * 100,
      status: errorCode === undefined ? ("ok" as const) : ("failed" as const),
      errorCode: errorCode ?? null,
      label,
      probability,
    }));
  }
  return columnsOf(pieces());
}

function id(modelId: string, n: number, etag = "1") {
  return { modelId, batchId: `r000-000000-000${n}`, etag, sizeBytes: 1_000 };
}

/** Two models over two batches of three images; the batches came out of order. */
async function twoModels(): Promise<LabelTable> {
  const table = new LabelTable();
  table.add(
    id("a", 1),
    await columns([
      ["cat", 0.5],
      ["dog", 0.25],
      ["cat", 0.75],
    ]),
  );
  table.add(
    id("a", 0),
    await columns([
      ["cat", 0.9],
      [null, 0, "IMAGE_CORRUPT"],
      ["fox", 0.1],
    ]),
  );
  table.add(
    id("b", 0),
    await columns([
      ["cat", 0.8],
      [null, 0, "IMAGE_CORRUPT"],
      ["dog", 0.3],
    ]),
  );
  table.add(
    id("b", 1),
    await columns([
      ["fox", 0.4],
      ["dog", 0.6],
      ["cat", 0.7],
    ]),
  );
  return table;
}

/** What rows say: model, batch, place and label. */
function shown(table: LabelTable, rows: Uint32Array): string[] {
  return [...rows].map((row) => {
    const shard = table.shardOf(row);
    return `${shard.modelId}${shard.batchId.at(-1)}.${row - shard.firstRow} ${table.labels.nameOf(table.label[row]!)}`;
  });
}

async function matching(filter: Partial<LabelFilter>): Promise<string[]> {
  const table = await twoModels();
  return shown(table, matchRows(table, { ...noFilter, ...filter }));
}

test("without a filter all rows come, by model and in the order of the manifest", async () => {
  expect(await matching({})).toHaveLength(12);
  expect(await matching({ modelId: "a" })).toEqual([
    "a0.0 cat",
    "a0.1 null",
    "a0.2 fox",
    "a1.0 cat",
    "a1.1 dog",
    "a1.2 cat",
  ]);
});

test("filters keep what they name", async () => {
  expect(await matching({ label: "fox" })).toEqual(["a0.2 fox", "b1.0 fox"]);
  expect(await matching({ label: "no such label" })).toEqual([]);
  expect(await matching({ status: "failed" })).toEqual(["a0.1 null", "b0.1 null"]);
  expect(await matching({ errorCode: "IMAGE_CORRUPT", modelId: "b" })).toEqual(["b0.1 null"]);
  expect(await matching({ modelId: "a", minProbability: 0.25, maxProbability: 0.5 })).toEqual(["a1.0 cat", "a1.1 dog"]);
  // Failed records have no probability, not the probability 0.
  expect(await matching({ modelId: "a", maxProbability: 0.2 })).toEqual(["a0.2 fox"]);
});

test("disagreement is between labels of one image, not where one model failed", async () => {
  expect(await matching({ modelId: "a", disagreesWith: "b" })).toEqual(["a0.2 fox", "a1.0 cat"]);
  expect(await matching({ modelId: "a", disagreesWith: "c" })).toEqual([]);
});

test("sorting is by certainty, failed records last, and equals keep their order", async () => {
  const table = await twoModels();
  const rows = matchRows(table, { ...noFilter, modelId: "a" });
  expect(shown(table, sortRows(table, rows, "leastCertain"))).toEqual([
    "a0.2 fox",
    "a1.1 dog",
    "a1.0 cat",
    "a1.2 cat",
    "a0.0 cat",
    "a0.1 null",
  ]);
  expect(shown(table, sortRows(table, rows, "mostCertain"))[0]).toBe("a0.0 cat");
  expect(shown(table, sortRows(table, rows, "mostCertain")).at(-1)).toBe("a0.1 null");
});

test("equals are in the manifest's order, in whichever order their shards were read", async () => {
  const table = new LabelTable();
  const same = await columns([
    ["cat", 0.5],
    ["cat", 0.5],
  ]);
  for (const n of [2, 0, 1]) table.add(id("a", n), same);
  const inOrder = ["a0.0 cat", "a0.1 cat", "a1.0 cat", "a1.1 cat", "a2.0 cat", "a2.1 cat"];
  for (const sort of labelSorts) {
    expect(shown(table, sortRows(table, matchRows(table, noFilter), sort))).toEqual(inOrder);
  }
});

test("histograms count labels and certainty, and failures apart", async () => {
  const table = await twoModels();
  const { classes, confidence, failed } = histogramsOf(table, matchRows(table, { ...noFilter, modelId: "a" }));
  expect(classes).toEqual([
    { label: "cat", count: 3 },
    { label: "dog", count: 1 },
    { label: "fox", count: 1 },
  ]);
  expect(failed).toBe(1);
  expect(confidence.reduce((sum, count) => sum + count, 0)).toBe(5);
  expect(confidence[2]).toBe(1);
  expect(confidence[18]).toBe(1);
});

test("an image that fails with two models counts once, under the first one's code", async () => {
  const table = await twoModels();
  table.add(
    id("c", 0),
    await columns([
      ["cat", 0.8],
      [null, 0, "INFERENCE_FAILED"],
      [null, 0, "INFERENCE_FAILED"],
    ]),
  );
  const codesOf = (modelIds: string[]) =>
    failedImages(table, modelIds, 5).map(({ code, count, samples }) => [
      table.codes.nameOf(code),
      count,
      samples.length,
    ]);
  expect(codesOf(["a", "b", "c"])).toEqual([
    ["IMAGE_CORRUPT", 1, 1],
    ["INFERENCE_FAILED", 1, 1],
  ]);
  expect(codesOf(["c", "a", "b"])).toEqual([["INFERENCE_FAILED", 2, 2]]);
});

test("a rewritten shard takes the old one's place", async () => {
  const table = await twoModels();
  table.add(
    id("a", 0, "2"),
    await columns([
      ["cat", 0.9],
      ["dog", 0.6],
      ["fox", 0.1],
    ]),
  );
  expect(table.rows).toBe(12);
  const rows = matchRows(table, { ...noFilter, modelId: "a" });
  expect(shown(table, rows)).toContain("a0.1 dog");
  expect(table.find("a", "r000-000000-0000")?.etag).toBe("2");
});

test("a record's place ends where the next one begins, and the last with its shard", async () => {
  const table = await twoModels();
  const shard = table.find("a", "r000-000000-0001")!;
  expect(table.placeOf(shard, 1)).toEqual({ row: 1, offset: 100, end: 200 });
  expect(table.placeOf(shard, 2)).toEqual({ row: 2, offset: 200, end: 1_000 });
});

test("the columns grow, and what they held stays", async () => {
  const table = new LabelTable();
  const rows: Row[] = Array.from({ length: 50_000 }, (_, i) => [`label ${i % 7}`, (i % 100) / 100]);
  for (let n = 0; n < 4; n++) table.add(id("a", n), await columns(rows));
  expect(table.rows).toBe(200_000);
  const last = table.find("a", "r000-000000-0003")!;
  expect(table.labels.nameOf(table.label[last.firstRow + 13]!)).toBe("label 6");
  expect(matchRows(table, { ...noFilter, label: "label 0" })).toHaveLength(4 * 7_143);
  const sorted = sortRows(table, matchRows(table, noFilter), "leastCertain");
  const probabilities = [...sorted].map((row) => table.probability[row]!);
  expect(probabilities).toEqual(probabilities.toSorted((a, b) => a - b));
});
