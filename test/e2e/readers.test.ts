import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkoutDir } from "../containers/checkout.js";
import { Rig, smallPhotos } from "./rig.js";

/** Exact versions, so that a new release cannot break an old commit. */
const readers = ["duckdb==1.4.4", "pyarrow==22.0.0", "polars==2.1.0"];
/** Names that a reader which guesses takes for numbers, dates and truth values; they sort before the photos. */
const guessable = ["0001", "0002", "2024-01-02", "2024-01-03T04:05:06", "3.5", "42"];

const script = `
import json, sys
import duckdb, polars as pl, pyarrow.dataset as ds
sys.path.insert(0, sys.argv[3])
from predictions_schema import schema
import predictions_polars

jsonl, parquet = sys.argv[1], sys.argv[2]
columns = "key, etag, sizeBytes, width, height, modelId, status, top, errorCode, errorMessage, retryable, workerId, pass, embedding"

def of_duckdb(connection, source):
    result = connection.execute(f"SELECT {columns} FROM {source} ORDER BY key")
    names = [column[0] for column in result.description]
    return {"types": [str(column[1]) for column in result.description],
            "rows": [dict(zip(names, row)) for row in result.fetchall()]}

def of_pyarrow(dataset):
    table = dataset.to_table().select(columns.split(", ")).sort_by("key")
    return {"types": [str(field.type) for field in table.schema], "rows": table.to_pylist()}

def of_polars(frame):
    table = frame.select(columns.split(", ")).sort("key").collect()
    return {"types": [str(dtype) for dtype in table.dtypes], "rows": table.to_dicts()}

connection = duckdb.connect()
connection.execute(f"SET VARIABLE run = '{jsonl}'")
connection.execute(open(sys.argv[3] + "/predictions.sql").read())
print(json.dumps({
    "duckdb jsonl": of_duckdb(connection, "predictions"),
    "duckdb parquet": of_duckdb(connection, f"'{parquet}/predictions/*/*.parquet'"),
    "pyarrow jsonl": of_pyarrow(ds.dataset(jsonl + "/predictions", schema=schema, format="json")),
    "polars jsonl": of_polars(pl.scan_ndjson(jsonl + "/predictions/*/*.jsonl", schema=predictions_polars.schema)),
    "polars parquet": of_polars(pl.scan_parquet(parquet + "/predictions/*/*.parquet")),
    "pyarrow parquet": of_pyarrow(ds.dataset(parquet + "/predictions", format="parquet")),
}))
`;

type Reading = { types: string[]; rows: Prediction[] };

const execute = promisify(execFile);

// It installs DuckDB, pyarrow and polars from PyPI, which not every machine can reach.
describe.runIf(process.env.LABELFLEET_READER_TESTS === "1")("readers that know nothing of labelfleet", () => {
  let rig: Rig;
  let readings: Record<string, Reading>;
  let written: Prediction[];

  beforeAll(async () => {
    rig = await Rig.start();
    const nothing = guessable.map((name) => ({ name, bytes: Buffer.from("no image") }));
    const input = await rig.folder("input", [...nothing, ...(await smallPhotos(6))]);
    const words = ["run", input, "--out", join(rig.dir, "labels"), "--include", "*", "--batch-images", "3"];
    const lenient = [...words, "--max-failed", "100%"];
    const jsonl = await rig.json(lenient);
    const parquet = await rig.json([...lenient, "--format", "parquet"]);
    written = [...(await rig.records(jsonl.run)).values()];

    const python = join(rig.dir, "venv/bin/python");
    await execute("python3", ["-m", "venv", join(rig.dir, "venv")]);
    await execute(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...readers]);
    const path = (run: string) => fileURLToPath(run).replace(/\/$/, "");
    const args = [path(jsonl.run), path(parquet.run), join(checkoutDir, "docs/schema")];
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
    const { stdout } = await execute(python, ["-c", script, ...args], { env });
    readings = JSON.parse(stdout) as Record<string, Reading>;
  }, 300_000);

  afterAll(async () => {
    expect(await rig.stop()).toEqual([]);
  });

  test("the first shard holds only failures, and keys that look like other things", () => {
    expect(written.slice(0, guessable.length).map(({ key }) => key)).toEqual(guessable);
    expect(written.slice(0, guessable.length).every(({ status }) => status === "failed")).toBe(true);
    expect(written.slice(guessable.length).every(({ status }) => status === "ok")).toBe(true);
  });

  test.each(["duckdb jsonl", "pyarrow jsonl", "polars jsonl"])(
    "%s with the shipped schema is one table with every value",
    (name) => {
      expect(readings[name]!.rows).toEqual(written);
    },
  );

  test.each(["duckdb parquet", "pyarrow parquet", "polars parquet"])(
    "%s is the same table without a schema",
    (name) => {
      const withoutWorker = (rows: Prediction[]) => rows.map(({ workerId: _, ...row }) => row);
      expect(withoutWorker(readings[name]!.rows)).toEqual(withoutWorker(written));
    },
  );

  test("the types are those of docs/output.md for both formats", () => {
    expect(readings["duckdb parquet"]!.types).toEqual(readings["duckdb jsonl"]!.types);
    expect(readings["polars parquet"]!.types).toEqual(readings["polars jsonl"]!.types);
    expect(readings["pyarrow jsonl"]!.types.slice(0, 5)).toEqual(["string", "string", "int64", "int32", "int32"]);
    expect(readings["pyarrow parquet"]!.types.slice(0, 5)).toEqual(["string", "string", "int64", "int32", "int32"]);
  });
});
