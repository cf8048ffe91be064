import assert from "node:assert/strict";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import { liveWorkers, type WorkerBeat } from "@labelfleet/shared/redis/registry";
import { Releasers } from "@labelfleet/shared/releasers";
import { Wait } from "testcontainers";
import { type Comparison, compareRecords, type Said, saidByKey } from "../faults/comparison.js";
import { countedImages } from "../support/run-counts.js";
import { namesIn, recordsIn } from "../support/run-files.js";
import { ContainerProcess } from "./container-process.js";
import type { ContainerServers } from "./container-servers.js";
import { labelfleetContainer, labelfleetInside } from "./labelfleet-image.js";

const modelId = "efficientnet-lite0";
const batchImages = 8;
const workerCount = 3;

export interface FleetOptions {
  /** Where the photos lie, and where the runs go. */
  input: string;
  out: string;
  /** What an image costs on a worker's simulated device: the pace of the run. */
  imageMs: number;
}

/** Workers and a producer, each a container of the project's image on the servers' network. */
export class ContainerFleet {
  readonly #servers: ContainerServers;
  readonly #redis: Redis;
  readonly #options: FleetOptions;
  readonly #releasers = new Releasers();
  readonly workers: ContainerProcess[] = [];
  #producer: ContainerProcess | undefined;

  private constructor(servers: ContainerServers, redis: Redis, options: FleetOptions) {
    this.#servers = servers;
    this.#redis = redis;
    this.#releasers.push("redis", () => redis.disconnect());
    this.#options = options;
  }

  /** Workers that are ready. */
  static async start(servers: ContainerServers, options: FleetOptions): Promise<ContainerFleet> {
    const fleet = new ContainerFleet(servers, await connectRedis(servers.redis.url), options);
    try {
      await Promise.all(Array.from({ length: workerCount }, () => fleet.#startWorker()));
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  async #startWorker(): Promise<void> {
    const device = `launchMs=0,imageMs=${this.#options.imageMs}`;
    const env = {
      LABELFLEET_SIMULATED_DEVICE: device,
      LABELFLEET_CORES: "1",
      LABELFLEET_LOG_LEVEL: "info",
    };
    const container = labelfleetContainer(this.#servers, ["work"], env);
    const worker = new ContainerProcess(await container.withWaitStrategy(Wait.forLogMessage(/worker ready/)).start());
    this.#releasers.push("worker", () => worker.remove());
    this.workers.push(worker);
  }

  /** Starts the producer. Returns the run when it has said its URI. */
  async scan(): Promise<string> {
    const words = ["scan", this.#options.input, "--out", this.#options.out, "--batch-images", String(batchImages)];
    const flags = ["--model", modelId, "--max-failed", "100%"];
    const container = labelfleetContainer(this.#servers, [...words, ...flags]);
    const uri = /s3:\/\/\S+\/\d{8}t\d{6}z-\w+\//;
    const producer = new ContainerProcess(await container.withWaitStrategy(Wait.forLogMessage(uri)).start());
    this.#releasers.push("producer", () => producer.remove());
    this.#producer = producer;
    return uri.exec(await producer.output())![0];
  }

  /** Waits for the producer, which has to end with 0. */
  async completed(): Promise<void> {
    const producer = this.#producer!;
    const exitCode = await producer.ended();
    assert.equal(exitCode, 0, `the producer: ${(await producer.output()).slice(-2_000)}`);
  }

  /** Images of the run that Redis counts as done. */
  counted(run: string): Promise<number> {
    return countedImages(this.#servers.redis, run, modelId);
  }

  /** Batches that were taken away from a worker because it no longer renewed their locks. */
  async stalled(): Promise<number> {
    const events = await this.#redis.xrange("{lf-default}:batches:events", "-", "+");
    return events.filter(([, words]) => words[words.indexOf("event") + 1] === "stalled").length;
  }

  /** What a worker said last, null when it has been silent for 20 s. */
  async beatOf(worker: ContainerProcess): Promise<WorkerBeat | null> {
    return (
      (await liveWorkers(this.#redis, await redisNowMs(this.#redis))).find(({ host }) => host === worker.host) ?? null
    );
  }

  /**
   * The end of every fault: `verify` passes inside a container, the report is complete, and each key has the record of an
   * undisturbed run.
   */
  async exact(run: string, undisturbed: ReadonlyMap<string, Said>): Promise<Comparison> {
    await this.#inside("verify", run);
    const report = JSON.parse(await this.#inside("report", run, "--json")) as RunReport;
    const failed = [...undisturbed.values()].filter(({ status }) => status === "failed").length;
    assert.deepEqual(
      { complete: report.complete, images: report.images, failed: report.failed },
      { complete: true, images: undisturbed.size, failed },
    );
    assert.ok((await namesIn(this.#servers.s3, run)).includes("_SUCCESS"), "_SUCCESS is there");
    const comparison = compareRecords(await recordsIn(this.#servers.s3, run, modelId), undisturbed);
    assert.deepEqual(comparison, { images: undisturbed.size, lost: 0, doubled: 0, different: 0 });
    return comparison;
  }

  async said(run: string): Promise<Map<string, Said>> {
    return saidByKey((await recordsIn(this.#servers.s3, run, modelId)).records);
  }

  /** Removes every container of the fleet. */
  stop(): Promise<void> {
    return this.#releasers.releaseAll();
  }

  /** Runs labelfleet in a worker's container. Returns what it prints. */
  async #inside(...words: string[]): Promise<string> {
    const { exitCode, output, stdout } = await this.workers.at(-1)!.exec([...labelfleetInside, ...words]);
    assert.equal(exitCode, 0, `${words.join(" ")}: ${output}`);
    return stdout;
  }
}
