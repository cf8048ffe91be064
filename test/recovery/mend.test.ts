import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { beforeAll, expect, test } from "vitest";
import { bucket, withoutWorker } from "../e2e/rig.js";
import { out, useRecoveryRig } from "./recovery-rig.js";

const photoCount = 60;
const models = ["efficientnet-lite0", "efficientnet-lite1"] as const;
const recovery = useRecoveryRig(photoCount);
const words = ["--out", out, "--batch-images", "10", "--model", models[0], "--model", models[1]];
let undisturbed: Map<string, Prediction>[];

beforeAll(async () => {
  undisturbed = await recordsOf((await recovery.rig.json(["run", recovery.input, ...words])).run);
});

const shardOf = (model: string, n: number) => `predictions/model=${model}/r000-000000-000${n}.jsonl`;
const keyOf = (run: string, name: string) => `${run.slice(`s3://${bucket}/`.length)}${name}`;

function recordsOf(run: string): Promise<Map<string, Prediction>[]> {
  return Promise.all(models.map((model) => recovery.rig.records(run, model)));
}

/** As an undisturbed run says, but for who made which record in which pass. */
async function expectSameAsUndisturbed(run: string): Promise<void> {
  await recovery.rig.succeed(["verify", run]);
  const withoutPass = (records: Map<string, Prediction>) =>
    new Map([...withoutWorker(records)].map(([key, { pass: _, ...record }]) => [key, record]));
  expect((await recordsOf(run)).map(withoutPass)).toEqual(undisturbed.map(withoutPass));
}

/** Cut, garbage, another batch's records, a missing one, and one of another format: five damaged shards of four batches. */
async function damage(run: string): Promise<string[]> {
  const { s3 } = recovery.rig.servers;
  const put = (name: string, body: Buffer) => s3.putObject(bucket, keyOf(run, name), body);
  const [lite0, lite1] = models;
  const good = await recovery.rig.read(run, shardOf(lite0, 0));
  await put(shardOf(lite0, 0), good.subarray(0, good.length - 40));
  await put(shardOf(lite1, 0), Buffer.from([0, 1, 2, 255]));
  await put(shardOf(lite0, 2), await recovery.rig.read(run, shardOf(lite0, 3)));
  await s3.deleteObject(bucket, keyOf(run, shardOf(lite1, 4)));
  await put(shardOf(lite1, 5), Buffer.from("PAR1"));
  return [shardOf(lite0, 0), shardOf(lite1, 0), shardOf(lite0, 2), shardOf(lite1, 4), shardOf(lite1, 5)];
}

test("resume mends damaged and missing shards of a complete run, by conditional writes, and touches no other", async () => {
  const { rig, input } = recovery;
  const { run } = await rig.json(["run", input, ...words]);
  const mended = await damage(run);
  const broken = await rig.cli.run(["verify", run]);
  expect(broken.exitCode).toBe(1);
  expect(broken.stdout).toContain(`Repair it with: npx labelfleet resume ${run}`);

  const puts = new Map<string, string>();
  rig.servers.s3.intercept = ({ method, key, headers }) => {
    const isShard = method === "PUT" && key.includes("/predictions/");
    if (isShard) puts.set(key, headers["if-match"] === undefined ? `none-match ${headers["if-none-match"]}` : "match");
    return undefined;
  };
  const report = await rig.json(["resume", run]);
  expect(report).toMatchObject({ complete: true, images: photoCount, ok: photoCount });
  expect(Object.fromEntries(puts)).toEqual(
    Object.fromEntries(mended.map((name) => [keyOf(run, name), name.includes("4.jsonl") ? "none-match *" : "match"])),
  );
  await expectSameAsUndisturbed(run);
  expect(await rig.json(["report", run])).toEqual(report);
});

test("resume mends damaged shards of a run that is not complete", async () => {
  const { rig, input } = recovery;
  const gate = recovery.gate(35);
  const running = rig.cli.start(["run", input, ...words], { LABELFLEET_GRACE_SECONDS: "5" });
  await gate.reached;
  running.kill("SIGINT");
  gate.open();
  expect((await running.result()).exitCode).toBe(1);
  const run = recovery.newestRun();
  const [first] = (await rig.names(run)).filter((name) => name.startsWith("predictions/"));
  await rig.servers.s3.putObject(bucket, keyOf(run, first!), Buffer.from("garbage"));
  expect(await rig.json(["resume", run])).toMatchObject({ complete: true, ok: photoCount });
  await expectSameAsUndisturbed(run);
});

test("kill -9 of resume and of its worker while they mend: the same command again completes it", async () => {
  const { rig, input } = recovery;
  const { run } = await rig.json(["run", input, ...words]);
  await damage(run);
  const gate = recovery.gate(5);
  const worker = await recovery.startWorker();
  const resume = rig.cli.start(["resume", run], rig.shared);
  await gate.reached;
  resume.kill("SIGKILL");
  worker.killGroup("SIGKILL");
  await Promise.all([resume.ended, worker.ended]);
  gate.open();
  expect(await rig.json(["resume", run, "--workers", "1"], rig.shared)).toMatchObject({
    complete: true,
    ok: photoCount,
  });
  await expectSameAsUndisturbed(run);
});
