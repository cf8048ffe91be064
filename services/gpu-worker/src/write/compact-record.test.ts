import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { jsonLine } from "@labelfleet/shared/export/jsonl";
import { expect, test } from "vitest";
import { RecordCompactor, rounded } from "./compact-record.js";

function recordOf(labels: number, numbers: number | null): Prediction {
  return {
    key: "a.jpg",
    etag: "e",
    sizeBytes: 5,
    width: 2,
    height: 1,
    modelId: "m",
    status: "ok",
    top: Array.from({ length: labels }, (_, i) => ({
      index: 7 * i,
      label: `label ${i % 50}`,
      probability: rounded(1 / (i + 3)),
    })),
    embedding: numbers === null ? null : Array.from({ length: numbers }, (_, i) => rounded(Math.fround(Math.tan(i)))),
    errorCode: null,
    errorMessage: null,
    retryable: null,
    workerId: "w",
    pass: 0,
  };
}

test("a compact record is written as the record that it was made of", () => {
  const compactor = new RecordCompactor();
  for (const record of [recordOf(1_000, null), recordOf(5, 8_192), recordOf(5, null)]) {
    const compact = compactor.compact(record);
    const isWide = record.top!.length > 100 || record.embedding !== null;
    expect(Object.getOwnPropertyDescriptor(compact, "top")!.get !== undefined).toBe(isWide);
    expect(jsonLine(compact)).toBe(jsonLine(record));
    // Records of equal objects are made by spreading.
    expect(jsonLine({ ...compact, key: "b.jpg" })).toBe(jsonLine({ ...record, key: "b.jpg" }));
    expect(jsonLine(compactor.compact(JSON.parse(jsonLine(compact)) as Prediction))).toBe(jsonLine(record));
  }
});
