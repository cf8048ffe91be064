import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Model } from "@labelfleet/models/model-folder";
import { resolveModel } from "@labelfleet/models/registry";
import { type Produced, type ProduceOptions, produceRun } from "@labelfleet/producer/produce";
import { type PreparedRun, type PrepareOptions, prepareRun } from "@labelfleet/producer/start/prepare-run";
import { recordOf } from "@labelfleet/producer/test-support/made-up-run";
import { partsOfBatchId } from "@labelfleet/shared/contract/ids";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { defaultImageLimits } from "@labelfleet/shared/contract/run-spec";
import { createLogger } from "@labelfleet/shared/logger";
import { type BatchConsumer, type BatchDelivery, consumeBatches } from "@labelfleet/shared/queue/batch-consumer";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { sleep } from "@labelfleet/shared/shutdown";
import { type RedisServer, startRedis } from "../support/redis-server.js";

/** What a made-up worker says of an image: null for ok, else the code of its failure. */
export type Verdict = (entry: ManifestEntry) => string | null;

/** A Redis, a folder of files that are called photos, and workers that make their records up. */
export class ProducerRig {
  readonly server: RedisServer;
  readonly redis: Redis;
  readonly dir: string;
  readonly model: Model;
  readonly #folders: RunFolder[] = [];
  readonly #workers = new Map<string, BatchConsumer>();

  private constructor(server: RedisServer, redis: Redis, dir: string, model: Model) {
    this.server = server;
    this.redis = redis;
    this.dir = dir;
    this.model = model;
  }

  static async start(): Promise<ProducerRig> {
    const model = await resolveModel("efficientnet-lite0");
    const dir = await mkdtemp(join(tmpdir(), "lf-producer-"));
    const server = await startRedis();
    return new ProducerRig(server, await connectRedis(server.url), dir, model);
  }

  async stop(): Promise<void> {
    await this.stopWorkers();
    for (const folder of this.#folders) await folder.close();
    this.redis.disconnect();
    await this.server.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** `count` small files named `<prefix>0000.jpg` and on. Returns their folder. */
  async photos(name: string, count: number): Promise<string> {
    const names = Array.from({ length: count }, (_, i) => `a/${String(i).padStart(5, "0")}.jpg`);
    return this.files(name, names);
  }

  async files(name: string, names: string[]): Promise<string> {
    const root = join(this.dir, name);
    for (const folder of new Set(names.map((file) => dirname(join(root, file)))))
      await mkdir(folder, { recursive: true });
    const filesAtOnce = 64;
    for (let i = 0; i < names.length; i += filesAtOnce) {
      await Promise.all(names.slice(i, i + filesAtOnce).map((file) => writeFile(join(root, file), file)));
    }
    return root;
  }

  async prepare(input: string, options: Partial<PrepareOptions> = {}): Promise<PreparedRun> {
    const prepared = await prepareRun({
      input,
      output: join(this.dir, "labels"),
      filters: { include: [], exclude: [], limit: null, sample: null },
      models: [this.model],
      since: null,
      topK: 5,
      precision: "fp32",
      threshold: null,
      background: null,
      embeddings: false,
      format: "jsonl",
      device: "cpu",
      batchImages: null,
      listingRanges: 8,
      lane: "default",
      maxFailed: { kind: "share", share: 0.1 },
      limits: defaultImageLimits,
      workersExpected: 1,
      ...options,
    });
    this.#folders.push(prepared.folder);
    return prepared;
  }

  produce(run: Pick<PreparedRun, "folder" | "spec">, options: Partial<ProduceOptions> = {}): Promise<Produced> {
    return produceRun({
      folder: run.folder,
      spec: run.spec,
      redis: this.redis,
      redisUrl: this.server.url,
      signal: new AbortController().signal,
      logger: createLogger({ name: "test", level: "silent" }),
      ...options,
    });
  }

  /** Starts a worker that writes the shards of made-up records, counts them and acknowledges, as a real one does. */
  startWorker(
    options: {
      verdict?: Verdict;
      delayMs?: number;
      refuses?: (batchId: string) => boolean;
      /** Another way to Redis than the rig's own. */
      through?: { redis: Redis; redisUrl: string };
    } = {},
  ): void {
    const { redis, redisUrl } = options.through ?? { redis: this.redis, redisUrl: this.server.url };
    const workerId = `fake-${this.#workers.size}`;
    const label = async ({ job }: BatchDelivery) => {
      await sleep(options.delayMs ?? 0);
      if (options.refuses?.(job.batchId)) throw new Error("the output refuses the shard\nwith more lines");
      const folder = await RunFolder.open(job.run);
      const spec = await folder.readSpec();
      const { n } = partsOfBatchId(job.batchId);
      const { batchImages } = spec.frozen;
      const entries = (await folder.readChunk(job.chunk)).slice(n * batchImages, (n + 1) * batchImages);
      for (const { id } of spec.frozen.models) {
        const records = entries.map((entry) => ({
          ...recordOf(entry, id, options.verdict?.(entry) ?? null),
          workerId,
        }));
        const name = runNames.shard(id, job.batchId, spec.frozen.format);
        await folder.writeFirst(name, await encodeShard(records, spec.frozen.format), "application/x-ndjson");
        const ok = records.filter((record) => record.status === "ok").length;
        const progress = new RunProgress(redis, spec.overridable.lane, spec.runId);
        await progress.count({ batchId: job.batchId, modelId: id, ok, failed: records.length - ok });
      }
      await folder.close();
    };
    const consumer = consumeBatches({
      redisUrl,
      lane: "default",
      batchSlots: 4,
      workerId,
      isShortOf: () => false,
      process: label,
      onFailed: () => {},
      onStalled: () => {},
      onError: () => {},
    });
    this.#workers.set(workerId, consumer);
  }

  async stopWorkers(): Promise<void> {
    for (const [workerId, consumer] of this.#workers) {
      await consumer.close();
      this.#workers.delete(workerId);
    }
  }
}
