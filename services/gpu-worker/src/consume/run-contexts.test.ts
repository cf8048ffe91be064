import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { defaultImageLimits, type RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultBreakerPolicy } from "./breaker.js";
import type { ModelLoader } from "./model-loader.js";
import type { RunContext } from "./run-context.js";
import { RunContexts } from "./run-contexts.js";

/** More than a worker keeps statistics of. */
const manyRuns = 300;

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lf-contexts-"));
});

afterAll(() => rm(dir, { recursive: true }));

/** A run without models and batches. */
async function madeUpJob(i: number): Promise<BatchJob> {
  const sha256 = "0".repeat(64);
  const runId = `20260102t030405z-${String(i).padStart(6, "0")}`;
  const spec: RunSpec = {
    schemaVersion: 1,
    runId,
    frozen: {
      input: `file://${dir}/`,
      output: `file://${dir}/`,
      filters: { include: [], exclude: [], limit: null, sample: null },
      models: [{ id: "m", sha256, weightsSha256: sha256, precision: "fp32" }],
      since: null,
      topK: 1,
      threshold: null,
      background: null,
      embeddings: false,
      format: "jsonl",
      batchImages: 1,
      device: "cpu",
      conditionalPut: true,
      created: "2026-01-02T03:04:05.000Z",
      version: "0.0.0",
    },
    overridable: { lane: "a", maxFailed: { kind: "share", share: 0.1 }, limits: defaultImageLimits },
  };
  const folder = await RunFolder.open(`file://${dir}/${runId}/`);
  await folder.writeJson(runNames.spec, spec);
  await folder.close();
  const [chunk, batchId] = ["r000-000000", "r000-000000-0000"];
  const first = { pass: 0, rewrite: null, retryCode: null, mend: false };
  return { schemaVersion: 1, run: folder.uri, runId, range: "r000", chunk, batchId, ...first };
}

function openContexts(onClosing: (context: RunContext) => void = () => {}): RunContexts {
  return new RunContexts({
    redis: {} as Redis,
    admission: { checkJob: async () => {}, checkSpec: () => {} },
    loader: { load: async () => ({}), release: () => {} } as unknown as ModelLoader,
    onInput: () => {},
    identity: { workerId: "w", host: "h", versions: {} },
    breaker: { ...defaultBreakerPolicy, maxPauseMs: 1_000 },
    say: () => {},
    onClosing: async (context) => onClosing(context),
  });
}

const readOneByte = async ({ stats }: RunContext) => stats.bytesRead(1);

test("a run that comes on two lanes has one statistics, as it has one file of them", async () => {
  const written: number[] = [];
  const contexts = openContexts(({ stats }) => written.push(stats.totals().bytesRead));
  const job = await madeUpJob(0);
  await contexts.use(job, "a", readOneByte);
  await contexts.use(job, "b", readOneByte);
  expect(contexts.totals.bytesRead).toBe(2);
  await contexts.closeAll();
  expect(written).toEqual([2, 2]);
  await contexts.use(job, "c", readOneByte);
  await contexts.closeAll();
  expect(written).toEqual([2, 2, 3]);
  expect(contexts.totals.bytesRead).toBe(3);
});

test("what was done for more runs than are remembered is counted once each, and a run that is open is remembered", async () => {
  const contexts = openContexts();
  const held = await madeUpJob(0);
  let finish = () => {};
  const holding = contexts.use(held, "a", async (context) => {
    await readOneByte(context);
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return context.stats;
  });
  for (let i = 1; i <= manyRuns; i++) {
    await contexts.use(await madeUpJob(i), "a", readOneByte);
    expect(contexts.totals.bytesRead).toBe(i + 1);
  }
  const onOtherLane = await contexts.use(held, "b", async ({ stats }) => stats);
  finish();
  expect(onOtherLane).toBe(await holding);
  await contexts.closeAll();
  expect(contexts.totals.bytesRead).toBe(manyRuns + 1);
});
