import { expect, test } from "vitest";
import type { Prediction } from "../contract/prediction.js";
import { csvHeader, csvRow, unmarkedCell } from "./csv.js";

const failed: Prediction = {
  key: "in/a.jpg",
  etag: "5-1",
  sizeBytes: 5,
  width: null,
  height: null,
  modelId: "m",
  status: "failed",
  top: null,
  embedding: null,
  errorCode: "IMAGE_CORRUPT",
  errorMessage: 'not "an" image,\nsays it',
  retryable: false,
  workerId: "w",
  pass: 0,
};

test("a record is one row under the header, with null as an empty cell", () => {
  expect(csvHeader.trimEnd().split(",")).toHaveLength(15);
  expect(csvRow(failed)).toBe(
    '"in/a.jpg","m","failed",,,,,,5,"5-1","IMAGE_CORRUPT","not ""an"" image,\nsays it",false,"w",0\r\n',
  );
  const top = [{ index: 1, label: "goldfish, Carassius", probability: 1e-7 }];
  expect(csvRow({ ...failed, status: "ok", top, width: 2, height: 1, errorCode: null, errorMessage: null })).toBe(
    `"in/a.jpg","m","ok","goldfish, Carassius",1e-7,"${JSON.stringify(top).replaceAll('"', '""')}",2,1,5,"5-1",,,false,"w",0\r\n`,
  );
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"])(
  "%j cannot be run as a formula",
  (key) => {
    expect(csvRow({ ...failed, key }).startsWith(`"'${key}"`)).toBe(true);
  },
);

test.each(["=1", "'=1", "''", "'", "a", "a'b", "1=1"])("the key %j can be had back", (key) => {
  const cell = /^"((?:[^"]|"")*)"/.exec(csvRow({ ...failed, key }))![1]!.replaceAll('""', '"');
  expect(unmarkedCell(cell)).toBe(key);
});
