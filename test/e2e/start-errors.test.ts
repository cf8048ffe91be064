import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { xmlError } from "../support/s3-front.js";
import { bucket, Rig, smallPhotos } from "./rig.js";

let rig: Rig;
let folder: string;
let input: string;
let out: string;

beforeAll(async () => {
  rig = await Rig.start();
  const photos = await smallPhotos(3);
  folder = await rig.folder("input", photos);
  input = await rig.upload("in", photos);
  out = join(rig.dir, "labels");
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

/** Runs a command that is to be refused: one line that holds the words, no stack, nothing on stdout, nothing made. */
async function refused(
  exitCode: number,
  words: string[],
  says: (string | RegExp)[],
  env: Record<string, string | undefined> = {},
): Promise<void> {
  const before = rig.servers.s3.listKeys(bucket, "out");
  const result = await rig.cli.run(words, { ...rig.shared, ...env });
  expect(result.exitCode, result.stderr).toBe(exitCode);
  expect(result.stdout).toBe("");
  // A worker of `run` may already be up, and warnings about Redis may come first.
  const lines = result.stderr
    .split("\n")
    .filter((line) => line.startsWith("labelfleet: ") || line.startsWith("error: "));
  expect(lines, result.stderr).toHaveLength(1);
  for (const text of says) expect(lines[0]).toMatch(text);
  expect(result.stderr).not.toMatch(/^\s+at /m);
  expect(rig.servers.s3.listKeys(bucket, "out")).toEqual(before);
}

test("a bucket that does not exist", async () => {
  for (const command of ["run", "scan"]) {
    const says = ["s3://no-such-bucket/in", "BUCKET_NOT_FOUND"];
    await refused(1, [command, "s3://no-such-bucket/in", "--out", out], says);
  }
});

test("a folder that does not exist", async () => {
  await refused(1, ["scan", join(rig.dir, "nowhere"), "--out", out], [join(rig.dir, "nowhere"), "BUCKET_NOT_FOUND"]);
});

test("credentials that the store does not know, and none at all", async () => {
  const says = [input, "CREDENTIALS_REFUSED", "AWS_ACCESS_KEY_ID"];
  await refused(1, ["scan", input, "--out", out], says, { AWS_ACCESS_KEY_ID: "somebody" });
  await refused(1, ["scan", input, "--out", out], says, { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" });
});

test("credentials that may list, but not read", async () => {
  rig.servers.s3.intercept = ({ method, key }) =>
    method === "GET" && key !== "" ? xmlError(403, "AccessDenied", "Access Denied") : undefined;
  try {
    await refused(1, ["scan", input, "--out", out], [`${input}/`, "ACCESS_DENIED"]);
  } finally {
    rig.servers.s3.intercept = undefined;
  }
});

test("no Redis at REDIS_URL, a password that is not shown, no REDIS_URL at all", async () => {
  const nobody = { REDIS_URL: "redis://user:hunter2@127.0.0.1:1" };
  for (const words of [["run", folder, "--out", out], ["scan", folder, "--out", out], ["work"]]) {
    await refused(1, words, ["redis://127.0.0.1:1", "REDIS_UNAVAILABLE", /^(?!.*hunter2)/], nobody);
  }
  for (const words of [["scan", folder, "--out", out], ["work"]]) {
    await refused(2, words, ["REDIS_URL"], { REDIS_URL: undefined });
  }
});

test("a Redis that may evict keys", async () => {
  const { redis } = rig.servers;
  await redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  try {
    await refused(1, ["scan", folder, "--out", out], ["allkeys-lru", "noeviction"]);
  } finally {
    await redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
  }
});

test("a prefix without an image, saying what was left out", async () => {
  await refused(1, ["scan", `s3://${bucket}/nothing`, "--out", out], [`s3://${bucket}/nothing`, "INPUT_EMPTY"]);
  await refused(1, ["scan", folder, "--out", out, "--include", "*.png"], [folder, "skipped 3 files: "]);
});

test("an unknown model, with the nearest names; a model given twice", async () => {
  const nearest = ["efficientnet-lit0", "efficientnet-lite0", "MODEL_UNKNOWN"];
  await refused(2, ["scan", folder, "--out", out, "--model", "efficientnet-lit0"], nearest);
  const twice = ["--model", "efficientnet-lite0", "--model", "efficientnet-lite0"];
  await refused(2, ["scan", folder, "--out", out, ...twice], ["efficientnet-lite0", "twice"]);
});

test("an output that cannot be written", async () => {
  await refused(1, ["scan", folder, "--out", "s3://no-such-bucket/out"], ["s3://no-such-bucket/out"]);
  const file = join(rig.dir, "a-file");
  await writeFile(file, "");
  await refused(1, ["scan", folder, "--out", join(file, "labels")], [file, "OUTPUT_UNWRITABLE"]);
  rig.servers.s3.intercept = ({ method }) =>
    method === "PUT" ? xmlError(403, "AccessDenied", "Access Denied") : undefined;
  try {
    await refused(1, ["scan", folder, "--out", `s3://${bucket}/out`], [`s3://${bucket}/out`, "OUTPUT_UNWRITABLE"]);
  } finally {
    rig.servers.s3.intercept = undefined;
  }
});

test("an output inside the input", async () => {
  await refused(2, ["scan", folder, "--out", join(folder, "labels")], [folder, "OUTPUT_INSIDE_INPUT"]);
  await refused(2, ["scan", `s3://${bucket}/out`, "--out", `s3://${bucket}/out/labels`], [`s3://${bucket}/out/labels`]);
});

test("wrong flags and addresses", async () => {
  await refused(2, ["scan", folder], ["--out"]);
  await refused(2, ["scan", folder, "--out", out, "--batch-images", "0"], ["--batch-images"]);
  await refused(2, ["scan", folder, "--out", out, "--max-failed", "many"], ["--max-failed"]);
  await refused(2, ["scan", folder, "--out", out, "--format", "csv"], ["--format", "jsonl", "parquet"]);
  await refused(2, ["scan", folder, "--out", out, "--lane", "Big Lane"], ["--lane"]);
  await refused(2, ["scan", "ftp://host/photos", "--out", out], ["ftp://host/photos"]);
  await refused(2, ["rune"], ["rune"]);
  await refused(2, ["scan", folder, "--out", out], ["LABELFLEET_CORES"], { LABELFLEET_CORES: "none" });
});

test("an address that is no run", async () => {
  for (const command of ["resume", "report", "verify", "status"]) {
    await refused(1, [command, `s3://${bucket}/in/`], [`s3://${bucket}/in/`, "RUN_NOT_FOUND"]);
  }
});

test("a benchmark names its flags, gets those behind its name, and refuses those it does not know", async () => {
  const help = await rig.cli.run(["bench", "pipeline", "--help"]);
  expect(help.exitCode).toBe(0);
  expect(help.stdout).toContain("--runs <value> (3)");
  expect((await rig.cli.run(["bench", "--help"])).stdout).toContain("graphs, listing, models");
  const { exitCode, stdout } = await rig.cli.run(["bench", "batching", "--batches", "50", "--json", "--verbose"]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ batches: 50 });
  await refused(
    2,
    ["bench", "batching", "--no-such-flag"],
    ["bench batching: Unknown option '--no-such-flag'", "USAGE"],
  );
});

test("--verbose shows where an error comes from", async () => {
  const result = await rig.cli.run(["run", join(rig.dir, "nowhere"), "--out", out, "--verbose"]);
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toContain("BUCKET_NOT_FOUND");
  expect(result.stderr).toMatch(/^\s+at .*\.js:\d+/m);
});
