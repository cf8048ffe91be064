import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { beforeAll, expect, test } from "vitest";
import { isPhotoGet } from "../e2e/gate.js";
import { bucket, withoutWorker } from "../e2e/rig.js";
import { xmlError } from "../support/s3-front.js";
import { out, stopWorker, useRecoveryRig } from "./recovery-rig.js";

const photoCount = 40;
const batches = ["--batch-images", "10"];
/** One attempt a GET, so that a store that refuses one image does not cost the test a minute of back-off. */
const impatient = { LABELFLEET_S3_MAX_ATTEMPTS: "1" };
const slowDown = xmlError(503, "SlowDown", "Please reduce your request rate.");
const denied = ["--code", "OBJECT_DENIED"];
const accessDenied = xmlError(403, "AccessDenied", "Access Denied");

const recovery = useRecoveryRig(photoCount);
let keys: string[];
let undisturbed: Map<string, Prediction>;

beforeAll(async () => {
  const { rig, input } = recovery;
  keys = recovery.photos.map(({ name }) => `in/${name}`).sort();
  undisturbed = await rig.records((await rig.json(["run", input, "--out", out, ...batches])).run);
});

/** A complete run in which the store refused these images. */
async function runWithout(refused: string[], answer = slowDown): Promise<string> {
  const { rig, input } = recovery;
  rig.servers.s3.intercept = (request) => (isPhotoGet(request) && refused.includes(request.key) ? answer : undefined);
  const report = await rig.json(["run", input, "--out", out, ...batches, "--max-failed", "50%"], impatient);
  rig.servers.s3.intercept = undefined;
  expect(report).toMatchObject({ complete: true, images: photoCount, failed: refused.length });
  return report.run;
}

async function shardsOf(run: string): Promise<Map<string, string>> {
  const { rig } = recovery;
  const names = (await rig.names(run)).filter((name) => name.startsWith("predictions/"));
  return new Map(await Promise.all(names.map(async (name) => [name, (await rig.read(run, name)).toString()] as const)));
}

function changed(before: Map<string, string>, after: Map<string, string>): string[] {
  return [...after].filter(([name, text]) => before.get(name) !== text).map(([name]) => name);
}

function withoutPass(records: Map<string, Prediction>) {
  return new Map([...withoutWorker(records)].map(([key, { pass: _, ...record }]) => [key, record]));
}

test("retry reads only the failed images, rewrites only their shards, and replaces the report", async () => {
  const { rig } = recovery;
  const refused = [keys[3]!, keys[5]!, keys[25]!];
  const run = await runWithout(refused);
  const [shards, failed] = [await shardsOf(run), await rig.records(run)];
  expect(failed.get(refused[0]!)).toMatchObject({ status: "failed", errorCode: "STORE_THROTTLED", retryable: true });

  const reads = await recovery.readsDuring(async () => {
    const report = await rig.json(["retry", run]);
    expect(report).toMatchObject({ run, complete: true, images: photoCount, ok: photoCount, failed: 0 });
    expect(report.failedByCode).toEqual({});
  });
  expect(reads).toEqual(refused);
  expect(changed(shards, await shardsOf(run))).toEqual([
    "predictions/model=efficientnet-lite0/r000-000000-0000.jsonl",
    "predictions/model=efficientnet-lite0/r000-000000-0002.jsonl",
  ]);
  const records = await rig.records(run);
  expect(withoutPass(records)).toEqual(withoutPass(undisturbed));
  for (const [key, record] of records) {
    if (refused.includes(key)) expect(record.pass, key).toBe(1);
    else expect(record, key).toEqual(failed.get(key));
  }
  expect(await rig.names(run)).toContain("_SUCCESS");
  expect(await rig.json(["report", run])).toMatchObject({ ok: photoCount, failed: 0 });
  await rig.succeed(["verify", run]);

  // Nothing is left: nothing is read, and nothing is rewritten.
  const after = await shardsOf(run);
  const report = await rig.read(run, "report.json");
  const readsOfNothing = await recovery.readsDuring(async () => {
    const { stderr } = await rig.succeed(["retry", run]);
    expect(stderr).toContain("Nothing to retry: ");
  });
  expect(readsOfNothing).toEqual([]);
  expect(changed(after, await shardsOf(run))).toEqual([]);
  expect((await rig.read(run, "report.json")).equals(report), "the report's times are those of the work").toBe(true);
});

test("retry does images whose failure is final only when their code is named", async () => {
  const { rig } = recovery;
  const run = await runWithout([keys[0]!, keys[11]!], accessDenied);
  expect((await rig.records(run)).get(keys[0]!)).toMatchObject({ errorCode: "OBJECT_DENIED", retryable: false });
  const shards = await shardsOf(run);
  expect(await rig.json(["retry", run])).toMatchObject({ failed: 2 });
  expect(await rig.json(["retry", run, "--code", "IMAGE_CORRUPT"])).toMatchObject({ failed: 2 });
  expect(changed(shards, await shardsOf(run))).toEqual([]);

  expect(await rig.json(["retry", run, "--code", "OBJECT_DENIED"])).toMatchObject({ failed: 0, ok: photoCount });
  expect(withoutPass(await rig.records(run))).toEqual(withoutPass(undisturbed));
  await rig.succeed(["verify", run]);
});

test("an image that fails again is a record of the new pass", async () => {
  const { rig } = recovery;
  const run = await runWithout([keys[0]!], accessDenied);
  rig.servers.s3.intercept = (request) => (isPhotoGet(request) && request.key === keys[0] ? accessDenied : undefined);
  expect(await rig.json(["retry", run, "--code", "OBJECT_DENIED"])).toMatchObject({ failed: 1, complete: true });
  expect((await rig.records(run)).get(keys[0]!)).toMatchObject({ errorCode: "OBJECT_DENIED", pass: 1 });
  await rig.succeed(["verify", run]);
});

test("kill -9 of retry, and of the worker in the middle of a rewrite: the same command again completes it", async () => {
  const { rig } = recovery;
  const refused = keys.filter((_, i) => i % 4 === 0);
  const run = await runWithout(refused, accessDenied);
  const victim = await recovery.startWorker(impatient);
  const gate = recovery.gate(4);
  const retry = rig.cli.start(["retry", run, ...denied], rig.shared);
  await gate.reached;
  retry.kill("SIGKILL");
  victim.killGroup("SIGKILL");
  await Promise.all([retry.ended, victim.ended]);
  gate.open();
  await rig.succeed(["verify", run]);

  const other = await recovery.startWorker(impatient);
  expect(await rig.json(["retry", run, ...denied], rig.shared)).toMatchObject({
    ok: photoCount,
    failed: 0,
    complete: true,
  });
  expect(withoutPass(await rig.records(run))).toEqual(withoutPass(undisturbed));
  await rig.succeed(["verify", run]);
  await stopWorker(other);
});

test("kill -9 of retry while its workers go on: the same command again finds their work and reports it", async () => {
  const { rig } = recovery;
  const run = await runWithout([keys[0]!, keys[20]!], accessDenied);
  const worker = await recovery.startWorker(impatient);
  const gate = recovery.gate(0);
  const retry = rig.cli.start(["retry", run, ...denied], rig.shared);
  await gate.reached;
  retry.kill("SIGKILL");
  await retry.ended;
  gate.open();
  await expect
    .poll(async () => [...(await rig.records(run)).values()].filter(({ status }) => status === "failed"), {
      timeout: 20_000,
    })
    .toEqual([]);
  expect(await rig.json(["report", run])).toMatchObject({ failed: 2 });
  const reads = await recovery.readsDuring(async () => {
    expect(await rig.json(["retry", run, ...denied], rig.shared)).toMatchObject({ failed: 0, ok: photoCount });
  });
  expect(reads).toEqual([]);
  await stopWorker(worker);
});

test("a rewrite that comes too late does not win over what was rewritten meanwhile", async () => {
  const { rig } = recovery;
  const run = await runWithout([keys[0]!], accessDenied);
  const shard = "predictions/model=efficientnet-lite0/r000-000000-0000.jsonl";
  const key = `${run.slice(`s3://${bucket}/`.length)}${shard}`;
  const newer = (await rig.read(run, shard)).toString().replace(/.*"status":"failed".*/, (line) => {
    const { top } = undisturbed.get(keys[1]!)!;
    const record = JSON.parse(line) as Prediction;
    const rewritten = { ...record, status: "ok", top, errorCode: null, errorMessage: null, retryable: null, pass: 7 };
    return JSON.stringify(rewritten);
  });
  let puts = 0;
  rig.servers.s3.intercept = async (request) => {
    if (request.method !== "PUT" || request.key !== key) return undefined;
    puts++;
    expect(request.headers["if-match"]).toBeDefined();
    await rig.servers.s3.putObject(bucket, key, Buffer.from(newer));
    return undefined;
  };
  expect(await rig.json(["retry", run, ...denied])).toMatchObject({ ok: photoCount, failed: 0 });
  expect(puts).toBe(1);
  expect((await rig.read(run, shard)).toString()).toBe(newer);
});

test("retry of a run that is not complete is refused, and says what to do", async () => {
  const { rig, input } = recovery;
  const gate = recovery.gate(5);
  const running = rig.cli.start(["run", input, "--out", out, ...batches, "--verbose"]);
  await gate.reached;
  running.kill("SIGINT");
  gate.open();
  const { stderr, exitCode } = await running.result();
  expect(exitCode).toBe(1);
  const [, run] = /labelfleet resume (\S+)/.exec(stderr)!;
  const refused = await rig.cli.run(["retry", run!]);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain(`finish it first with npx labelfleet resume ${run} [RUN_INCOMPLETE]`);
  const unknown = await rig.cli.run(["retry", run!, "--code", "NO_SUCH_CODE"]);
  expect(unknown.exitCode).toBe(2);
});

test("retry serves its metrics while it works", async () => {
  const { rig } = recovery;
  const run = await runWithout([keys[0]!], accessDenied);
  const gate = recovery.gate(0);
  const retry = rig.cli.start(["retry", run, ...denied, "--workers", "1", "--metrics-port", "0"], {
    ...rig.shared,
    LABELFLEET_LOG_LEVEL: "info",
  });
  const [, url] = await retry.until(/metrics at (http:\S+\/metrics)/);
  await gate.reached;
  expect(await (await fetch(url!)).text()).toMatch(/^labelfleet_ready 1$/m);
  gate.open();
  expect((await retry.result()).exitCode).toBe(0);
});
