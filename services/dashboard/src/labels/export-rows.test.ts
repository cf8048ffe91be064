import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { scanRows } from "@labelfleet/shared/run/shard-rows";
import { expect, test } from "vitest";
import { exportRows } from "./export-rows.js";
import { LabelTable } from "./label-table.js";
import { fileOf } from "./list-shards.js";
import { columnsOf } from "./shard-columns.js";

const spec = { frozen: { format: "jsonl", models: [{ id: "a" }, { id: "b" }] } } as unknown as RunSpec;
const batchId = "r000-000000-0000";

function recordOf(key: string, modelId: string): Prediction {
  const top = [{ index: 1, label: "cat", probability: 0.5 }];
  const failure = { errorCode: null, errorMessage: null, retryable: null };
  const image = { key, etag: "e", sizeBytes: 5, width: 2, height: 1 };
  return { ...image, modelId, status: "ok", top, embedding: null, ...failure, workerId: "w", pass: 0 };
}

test("a shard that lacks a record does not pair the others' with those of other images", async () => {
  const dir = await mkdtemp(join(tmpdir(), "export-rows-"));
  const folder = await RunFolder.open(dir);
  try {
    const table = new LabelTable();
    for (const [modelId, keys] of [
      ["a", ["k0", "k1", "k2"]],
      ["b", ["k1", "k2"]],
    ] as const) {
      const bytes = await encodeShard(
        keys.map((key) => recordOf(key, modelId)),
        "jsonl",
      );
      const { etag } = await folder.store.put(folder.keyOf(runNames.shard(modelId, batchId, "jsonl")), bytes);
      const id = { modelId, batchId, etag, sizeBytes: bytes.length };
      table.add(id, await columnsOf(scanRows(folder, fileOf(id, spec))));
    }
    const images: string[] = [];
    const image = (records: Prediction[]) => {
      images.push(records.map(({ key, modelId }) => `${key} ${modelId}`).join(", "));
      return "x";
    };
    const encoder = { contentType: "", start: "", image, end: "" };
    const rows = Uint32Array.from({ length: table.rows }, (_, row) => row);
    for await (const _ of exportRows({ folder, spec, table, rows, encoder }));
    expect(images).toEqual(["k0 a", "k1 a, k1 b", "k2 a, k2 b"]);
  } finally {
    await folder.close();
    await rm(dir, { recursive: true });
  }
});
