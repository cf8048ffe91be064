import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyRun } from "@labelfleet/producer/report/verify";
import { readStatus } from "@labelfleet/producer/status";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { createLogger } from "@labelfleet/shared/logger";
import { openQueue } from "@labelfleet/shared/queue/batch-queue";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { sleep } from "@labelfleet/shared/shutdown";
import { describe, expect, it, vi } from "vitest";
import type { ProducerRig } from "./producer-rig.js";
import { rigForEachTest } from "./rig-for-each-test.js";

let rig: ProducerRig;
rigForEachTest((started) => {
  rig = started;
});

function pathOf(folder: RunFolder, name: string): string {
  return join(fileURLToPath(folder.uri), name);
}

async function manifestOf(folder: RunFolder): Promise<Record<string, unknown>> {
  const manifest: Record<string, unknown> = {};
  for await (const { name } of folder.list(runNames.manifest)) {
    const chunkId = name.endsWith(".jsonl.gz") ? name.slice("manifest/".length, -".jsonl.gz".length) : null;
    manifest[name] = chunkId === null ? await readFile(pathOf(folder, name), "utf8") : await folder.readChunk(chunkId);
  }
  return manifest;
}

/** Resolves when the run has this many batches done. */
async function whenDone(folder: RunFolder, batches: number): Promise<void> {
  const shards = pathOf(folder, runNames.modelPredictions("efficientnet-lite0"));
  while ((await readdir(shards).catch(() => [])).length < batches) await sleep(20);
}

describe("a producer and workers", () => {
  it("take a folder to a complete run with a report", async () => {
    const run = await rig.prepare(await rig.photos("photos", 230), { workersExpected: 2 });
    expect(run.spec.frozen.batchImages).toBe(28);
    rig.startWorker({ verdict: ({ key }) => (key.endsWith("7.jpg") ? "IMAGE_CORRUPT" : null) });
    const seen: number[] = [];
    const { outcome, report } = await rig.produce(run, { onProgress: ({ done }) => seen.push(done) });
    expect(outcome).toBe("complete");
    expect(report).toMatchObject({
      complete: true,
      images: 230,
      ok: 207,
      failed: 23,
      failedByCode: { IMAGE_CORRUPT: 23 },
    });
    expect(report!.models).toEqual([
      { id: "efficientnet-lite0", ok: 207, failed: 23, failedByCode: { IMAGE_CORRUPT: 23 } },
    ]);
    expect(report!.wallSeconds).toBeGreaterThan(0);
    expect(seen.at(-1)).toBe(230);
    expect(await verifyRun(run.folder)).toMatchObject({ complete: true, images: 230, records: 230, problems: [] });
    expect(await readStatus(run.folder, rig.redis)).toMatchObject({ state: "done", done: 230, failed: 23 });
    expect(await readdir(join(rig.dir, "labels", "models", rig.model.sha256))).toHaveLength(3);
    expect((await rig.produce(run)).report).toEqual(report);
  });

  it("resume after a stop in the middle, without doing a batch twice", async () => {
    const run = await rig.prepare(await rig.photos("photos", 120), { batchImages: 3 });
    rig.startWorker({ delayMs: 100 });
    const stop = new AbortController();
    let known = 0;
    const producing = rig.produce(run, { signal: stop.signal, onProgress: ({ done }) => (known = done) });
    await whenDone(run.folder, 5);
    await expect.poll(() => known, { timeout: 10_000 }).toBeGreaterThan(0);
    stop.abort("test");
    const stopped = await producing;
    expect(stopped).toMatchObject({ outcome: "stopped", report: null, known: { images: 120, failed: 0 } });
    expect(stopped.report === null && stopped.known.ok).toBeGreaterThan(0);
    await rig.stopWorkers();
    const queue = openQueue(rig.server.url, "default");
    expect(await queue.getJobCountByTypes("waiting", "prioritized", "delayed")).toBe(0);
    await queue.close();
    const firstShards = await readdir(pathOf(run.folder, runNames.modelPredictions("efficientnet-lite0")));
    expect(firstShards.length).toBeLessThan(40);
    expect(await readStatus(run.folder, null)).toMatchObject({ state: "idle", images: 120, isApproximate: true });

    await rig.server.flushAll();
    const offered = new Set<string>();
    rig.startWorker({ refuses: (batchId) => !offered.add(batchId) });
    const { outcome, report } = await rig.produce(run);
    expect(outcome).toBe("complete");
    expect(report).toMatchObject({ images: 120, ok: 120 });
    for (const name of firstShards) expect(offered).not.toContain(name.replace(".jsonl", ""));
  });

  it("finish although Redis is emptied in mid-run", async () => {
    const run = await rig.prepare(await rig.photos("photos", 90), { batchImages: 3 });
    rig.startWorker({ delayMs: 150 });
    const done: number[] = [];
    const producing = rig.produce(run, { onProgress: (progress) => done.push(progress.done) });
    await whenDone(run.folder, 8);
    await rig.server.flushAll();
    const { outcome, report } = await producing;
    expect(outcome).toBe("complete");
    expect(report).toMatchObject({ images: 90, ok: 90 });
    expect(done.at(-1)).toBe(90);
  });

  it("stay incomplete, with the reason, when a batch fails for good, and resume when it can be done", async () => {
    const run = await rig.prepare(await rig.photos("photos", 12), { batchImages: 3 });
    let isRefusing = true;
    rig.startWorker({ refuses: (batchId) => isRefusing && batchId === "r000-000000-0002" });
    const { outcome, report } = await rig.produce(run);
    expect(outcome).toBe("incomplete");
    expect(report).toMatchObject({ complete: false, images: 12, ok: 9, failed: 0 });
    expect(await run.folder.readBytes(runNames.success)).toBeNull();
    expect((await verifyRun(run.folder)).problems).toMatchObject([{ code: "shard-missing" }]);
    isRefusing = false;
    expect(await rig.produce(run)).toMatchObject({ outcome: "complete", report: { ok: 12 } });
  });

  it("tell each batch that failed for good once, also when Redis refuses to tell of another one at first", async () => {
    const run = await rig.prepare(await rig.photos("photos", 12), { batchImages: 3 });
    const refused = ["r000-000000-0001", "r000-000000-0002"];
    const tries: string[] = [];
    rig.startWorker({ refuses: (batchId) => refused.includes(batchId) && tries.push(batchId) > 0 });
    const queue = openQueue(rig.server.url, "default");
    const { getJob } = queue;
    const asked = vi.spyOn(Object.getPrototypeOf(Object.getPrototypeOf(queue)), "getJob");
    let failures = 0;
    asked.mockImplementation(async function (this: typeof queue, id) {
      const job = await getJob.call(this, id as string);
      if ((await job?.isFailed()) && ++failures === 2) throw new LabelfleetError("REDIS_UNAVAILABLE", "made up");
      return job;
    });
    const logger = createLogger({ name: "test", level: "silent" });
    const told = vi.spyOn(logger, "error").mockImplementation(() => {});
    try {
      expect(await rig.produce(run, { logger })).toMatchObject({ outcome: "incomplete", report: { ok: 6 } });
      expect(failures).toBeGreaterThan(1);
      for (const batchId of refused) {
        expect(told.mock.calls.filter(([line]) => String(line).startsWith(`batch ${batchId} failed`))).toHaveLength(1);
      }
      const [first, second] = refused.map((batchId) => tries.filter((tried) => tried === batchId).length);
      expect(first).toBe(second);
    } finally {
      asked.mockRestore();
      await queue.close();
    }
  });

  it("stop in mid-way when too many images fail", async () => {
    const run = await rig.prepare(await rig.photos("photos", 300), {
      batchImages: 1,
      maxFailed: { kind: "count", count: 20 },
    });
    rig.startWorker({ verdict: () => "IMAGE_CORRUPT", delayMs: 20 });
    const { outcome, report } = await rig.produce(run);
    expect(outcome).toBe("too-many-failed");
    expect(report!.failed).toBeGreaterThan(20);
    expect(report!.failed).toBeLessThan(300);
  });

  it("are not disturbed by a second producer of the same run", async () => {
    const run = await rig.prepare(await rig.photos("photos", 100), { batchImages: 5 });
    rig.startWorker({ delayMs: 50 });
    const both = await Promise.all([rig.produce(run), rig.produce(run)]);
    for (const { outcome, report } of both)
      expect({ outcome, ok: report?.ok }).toEqual({ outcome: "complete", ok: 100 });
    expect(await verifyRun(run.folder)).toMatchObject({ complete: true, records: 100 });
  });

  it("leave the same manifest when a producer dies while listing", async () => {
    // The smallest chunks there are, of 5,121 images, and more images than prepareRun looks at.
    const batchImages = 5_121;
    const input = await rig.photos("photos", 10_400);
    const whole = await rig.prepare(input, { batchImages });
    rig.startWorker();
    expect((await rig.produce(whole)).outcome).toBe("complete");
    const wanted = await manifestOf(whole.folder);
    expect(Object.keys(wanted)).toEqual([
      "manifest/r000-000000.jsonl.gz",
      "manifest/r000-000001.jsonl.gz",
      "manifest/r000-000002.jsonl.gz",
      "manifest/r000.done",
      "manifest/r000.skipped.json",
      "manifest/ranges.json",
    ]);
    // A producer that was killed right after its first chunk leaves what prepareRun leaves.
    const killed = await rig.prepare(input, { batchImages });
    expect(Object.keys(await manifestOf(killed.folder))).toEqual([
      "manifest/r000-000000.jsonl.gz",
      "manifest/ranges.json",
    ]);
    const stop = new AbortController();
    stop.abort("killed");
    expect((await rig.produce(killed, { signal: stop.signal })).outcome).toBe("stopped");
    expect((await rig.produce(killed)).outcome).toBe("complete");
    expect(await manifestOf(killed.folder)).toEqual(wanted);
  });
});

describe("a stop", () => {
  it("ends a producer whose Redis is gone", async () => {
    const run = await rig.prepare(await rig.photos("photos", 12), { batchImages: 3 });
    const stop = new AbortController();
    const producing = rig.produce(run, { signal: stop.signal });
    await sleep(500);
    await rig.server.kill();
    await sleep(300);
    const abortedMs = Date.now();
    stop.abort("test");
    expect(await producing).toEqual({
      outcome: "stopped",
      report: null,
      known: { images: 12, ok: 0, failed: 0 },
    });
    expect(Date.now() - abortedMs).toBeLessThan(8_000);
  });
});

describe("verify", () => {
  async function completeRun(): Promise<RunFolder> {
    const run = await rig.prepare(await rig.photos("photos", 9), { batchImages: 3 });
    rig.startWorker();
    expect((await rig.produce(run)).outcome).toBe("complete");
    return run.folder;
  }
  const shard = runNames.shard("efficientnet-lite0", "r000-000000-0001", "jsonl");

  it("names what was removed, doubled or cut", async () => {
    const folder = await completeRun();
    const path = pathOf(folder, shard);
    const text = await readFile(path, "utf8");
    const [first, second, third] = text.split("\n");

    await writeFile(path, `${first}\n${second}\n${second}\n${third}\n`);
    expect(await verifyRun(folder)).toMatchObject({
      complete: false,
      problems: [{ code: "record-doubled", subject: "a/00004.jpg" }],
    });
    await writeFile(path, `${first}\n${third}\n`);
    expect((await verifyRun(folder)).problems).toMatchObject([{ code: "record-missing", subject: "a/00004.jpg" }]);
    await writeFile(path, text.slice(0, -20));
    expect((await verifyRun(folder)).problems).toMatchObject([{ code: "shard-unreadable", subject: shard }]);
    await folder.store.delete(folder.keyOf(shard));
    expect((await verifyRun(folder)).problems).toMatchObject([{ code: "shard-missing", subject: shard }]);
  });

  it("names a shard of no batch, and a chunk that is gone", async () => {
    const folder = await completeRun();
    const stray = runNames.shard("efficientnet-lite0", "r000-000000-0003", "jsonl");
    await writeFile(pathOf(folder, stray), "");
    expect((await verifyRun(folder)).problems).toMatchObject([{ code: "shard-unexpected", subject: stray }]);
    await folder.store.delete(folder.keyOf("manifest/r000-000000.jsonl.gz"));
    expect((await verifyRun(folder)).problems[0]).toMatchObject({ code: "chunk-missing" });
  });
});

describe("a shard that went missing after the run", () => {
  it("is made again by resume, although Redis counted it", async () => {
    const run = await rig.prepare(await rig.photos("photos", 9), { batchImages: 3 });
    rig.startWorker({ refuses: (batchId) => batchId.endsWith("2") });
    expect((await rig.produce(run)).outcome).toBe("incomplete");
    await rig.stopWorkers();
    await run.folder.store.delete(run.folder.keyOf(runNames.shard("efficientnet-lite0", "r000-000000-0000", "jsonl")));
    rig.startWorker();
    expect(await rig.produce(run)).toMatchObject({ outcome: "complete", report: { ok: 9 } });
  });
});
