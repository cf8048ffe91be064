import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { unmarkedCell } from "@labelfleet/shared/export/csv";
import { decodeShard } from "@labelfleet/shared/run/shard-codec";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { s3ConfigFromEnv } from "@labelfleet/shared/storage/s3-config";
import { parse } from "csv-parse/sync";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bucket, Rig, smallPhotos } from "../e2e/rig.js";
import { hostileNames } from "../support/hostile-names.js";
import { xmlError } from "../support/s3-front.js";

const names = hostileNames("in/");
const keys = names.map(({ name }) => `in/${name}`);

let rig: Rig;
let photo: Buffer;

beforeAll(async () => {
  rig = await Rig.start();
  photo = (await smallPhotos(1))[0]!.bytes;
  // Through the client, not the server's own door: what travels over HTTP is what is tested.
  const { store } = await openStore(`s3://${bucket}`, { s3: s3ConfigFromEnv(rig.servers.s3.env) });
  for (const key of keys) await store.put(key, photo);
  await store.close();
});

afterEach(() => {
  rig.servers.s3.intercept = undefined;
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

/** Everything that people or terminals read: one line for a line, and no control characters. */
function expectPlainLines(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  expect(text.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g)).toBeNull();
  expect(text).not.toMatch(/^\s*INJECTED/m);
}

/** The keys as another program's CSV parser reads them; none of the cells is a formula. */
async function exportedKeys(run: string): Promise<string[]> {
  const file = join(rig.dir, "export.csv");
  await rig.succeed(["export", run, "--format", "csv", "--out", file]);
  const rows = parse<Record<string, string>>(await readFile(file), { columns: true, record_delimiter: "\r\n" });
  const cells = rows.flatMap((row) => Object.values(row));
  expect(cells.filter((cell) => /^[=+\-@\t\r\n]/.test(cell))).toEqual([]);
  return rows.map(({ key }) => unmarkedCell(key!));
}

test("the names are as hostile as they claim", () => {
  expect(new Set(keys).size).toBe(keys.length);
  expect(Math.max(...keys.map((key) => Buffer.byteLength(key)))).toBe(1_024);
});

test.each(["jsonl", "parquet"] as const)("every key of a bucket has its record, in %s", async (format) => {
  const words = ["run", `s3://${bucket}/in`, "--out", `s3://${bucket}/out`, "--format", format, "--batch-images", "9"];
  const report = await rig.json(words);
  expect(report).toMatchObject({ complete: true, images: keys.length, ok: keys.length });
  const found: string[] = [];
  for (const name of (await rig.names(report.run)).filter((shard) => shard.startsWith("predictions/"))) {
    expect(name).toMatch(/^predictions\/model=efficientnet-lite0\/r000-\d{6}-\d{4}\.(jsonl|parquet)$/);
    for (const record of await decodeShard(await rig.read(report.run, name), format, name)) found.push(record.key);
  }
  expect(found.sort()).toEqual([...keys].sort());
  expectPlainLines((await rig.succeed(["verify", report.run])).stdout);
  expect((await exportedKeys(report.run)).sort()).toEqual([...keys].sort());
});

test("every file of a folder has its record, and no name leads out of it", async () => {
  const fileNames = names.filter(({ isFileName }) => isFileName).map(({ name }) => name);
  const input = join(rig.dir, "names", "in");
  for (const name of fileNames) {
    await mkdir(dirname(join(input, name)), { recursive: true });
    await writeFile(join(input, name), photo);
  }
  const report = await rig.json(["run", input, "--out", join(rig.dir, "names", "labels")]);
  expect(report).toMatchObject({ complete: true, images: fileNames.length, ok: fileNames.length });
  expect([...(await rig.records(report.run)).keys()].sort()).toEqual([...fileNames].sort());
  expect((await exportedKeys(report.run)).sort()).toEqual([...fileNames].sort());
  expect((await readdir(join(rig.dir, "names"))).sort()).toEqual(["in", "labels"]);
});

test("names in messages, logs and reports stay within their line", async () => {
  const bad = keys.filter((_, i) => i % 3 === 0 || keys[i]!.includes("INJECTED") || keys[i]!.includes("\u001b"));
  rig.servers.s3.intercept = ({ method, key, headers }) => {
    if (method !== "GET" || headers.range !== undefined || !bad.includes(key)) return undefined;
    // Some are refused, others meet a storm, which is logged.
    return bad.indexOf(key) % 2 === 0
      ? xmlError(403, "AccessDenied", "Access Denied")
      : xmlError(503, "SlowDown", "Please reduce your request rate.");
  };
  const words = [
    "run",
    `s3://${bucket}/in`,
    "--out",
    `s3://${bucket}/out`,
    "--max-failed",
    "100%",
    "--batch-images",
    "20",
  ];
  const env = {
    LABELFLEET_S3_MAX_ATTEMPTS: "1",
    LABELFLEET_LOG_LEVEL: "debug",
  };
  const result = await rig.cli.run([...words, "--json"], env, 80_000);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stderr).toMatch(/will be tried again/);
  expectPlainLines(result.stderr);
  const report = JSON.parse(result.stdout) as RunReport;
  expect(report.failed).toBe(bad.length);
  const records = await rig.records(report.run);
  for (const key of bad) {
    expect(records.get(key)!.status).toBe("failed");
    expectPlainLines(records.get(key)!.errorMessage!);
  }
  expectPlainLines((await rig.succeed(["report", report.run])).stdout);
});
