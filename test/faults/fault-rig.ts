import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { Cli, type CliEnv, type CliProcess, type CliResult } from "../support/cli.js";
import { type LocalServers, startLocalServers } from "../support/fixtures.js";
import type { Photo } from "../support/photos.js";
import { RedisProxy } from "../support/redis-proxy.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { countedImages } from "../support/run-counts.js";
import { namesIn, recordsIn } from "../support/run-files.js";
import type { InterceptedRequest } from "../support/s3-front.js";
import { type Comparison, compareRecords, type Said, saidByKey } from "./comparison.js";

export const bucket = "photos";
export const input = `s3://${bucket}/in`;
export const out = `s3://${bucket}/out`;
export const modelId = "efficientnet-lite0";
export const batchImages = 10;
/** Several workers share the machine. */
export const coresPerWorker = 1;

export interface FaultRigOptions {
  photos: Photo[];
  /** What an undisturbed run says; null while that run is made. */
  expected: ReadonlyMap<string, Said> | null;
  /** Keys in one page of a listing. */
  pageKeys?: number;
  /** Of all processes, beside what they need. */
  env?: CliEnv;
  /** Another build's labelfleet.js. */
  program?: string;
}

/**
 * The servers and processes of one fault case, shared with no other, so that cases run side by side. Workers reach Redis through
 * a proxy and S3 through a front, in which the case holds, cuts and changes what passes.
 */
export class FaultRig {
  readonly servers: LocalServers;
  /** The one that listens now; cases may start another in its place. */
  redis: RedisServer;
  readonly proxy: RedisProxy;
  readonly cli: Cli;
  /** Of the whole case; removed at the end. */
  readonly dir: string;
  /** Times a fault was injected; cases count where once is not the number. */
  injected = 1;
  /** Other faults of the same case, and how often each was injected. */
  readonly alsoInjected = new Map<string, number>();
  readonly #options: FaultRigOptions;
  #restarting: Promise<void> | null = null;

  private constructor(parts: {
    servers: LocalServers;
    proxy: RedisProxy;
    cli: Cli;
    dir: string;
    options: FaultRigOptions;
  }) {
    this.servers = parts.servers;
    this.redis = parts.servers.redis;
    this.proxy = parts.proxy;
    this.cli = parts.cli;
    this.dir = parts.dir;
    this.#options = parts.options;
  }

  static async start(options: FaultRigOptions): Promise<FaultRig> {
    const dir = await mkdtemp(join(tmpdir(), "lf-fault-"));
    const [temporaryDir, serversDir] = [join(dir, "tmp"), join(dir, "servers")];
    await Promise.all([temporaryDir, serversDir].map((path) => mkdir(path)));
    const { program, pageKeys } = options;
    const servers = await startLocalServers({
      temporaryDir: serversDir,
      ...(pageKeys !== undefined && { pageKeys }),
    });
    const proxy = await RedisProxy.start(servers.redis.port);
    const env = {
      ...servers.s3.env,
      LABELFLEET_CORES: String(coresPerWorker),
      LABELFLEET_LOG_LEVEL: "info",
      ...options.env,
    };
    const cli = new Cli({ temporaryDir, env, ...(program !== undefined && { program }) });
    const rig = new FaultRig({ servers, proxy, cli, dir, options });
    await servers.s3.createBucket(bucket);
    for (const { name, bytes } of options.photos) await servers.s3.putObject(bucket, `in/${name}`, bytes);
    return rig;
  }

  /** Ends everything. Returns what was left behind; an empty list is a clean case. */
  async stop(): Promise<string[]> {
    this.servers.s3.intercept = undefined;
    this.proxy.intercept = undefined;
    const leaks = await this.cli.close();
    await this.#restarting;
    await this.proxy.close();
    await this.redis.stop();
    await this.servers.stop();
    await rm(this.dir, { recursive: true, force: true });
    return leaks;
  }

  /** Kills Redis and starts an empty one in its place after `downMs`; one such restart at a time. */
  restartRedis(downMs: number): Promise<void> {
    this.#restarting ??= this.#restartRedis(downMs).finally(() => {
      this.#restarting = null;
    });
    return this.#restarting;
  }

  async #restartRedis(downMs: number): Promise<void> {
    await this.redis.kill();
    await this.redis.stop();
    await sleep(downMs);
    this.redis = await startRedis({ port: this.redis.port, temporaryDir: this.dir });
  }

  /** How many images the input holds. */
  get images(): number {
    return this.#options.photos.length;
  }

  /** Says that a case of several faults has injected one of them. */
  note(fault: string, injected: number): void {
    this.alsoInjected.set(fault, injected);
  }

  /** A worker that takes batches, over the proxy. */
  async worker(env: CliEnv = {}): Promise<CliProcess> {
    const worker = this.cli.start(["work"], { REDIS_URL: this.proxy.url, ...env });
    await worker.until(/worker ready/);
    return worker;
  }

  /** A producer that has printed its run's URI. Not over the proxy unless `env` says so. */
  async scan(flags: string[] = [], env: CliEnv = {}): Promise<{ scan: CliProcess; run: string }> {
    const scan = this.beginScan(flags, env);
    const [, run] = await scan.until(/^(s3:\/\/\S+\/)\n/);
    return { scan, run: run! };
  }

  /** A producer that may not come as far as its run's URI. */
  beginScan(flags: string[] = [], env: CliEnv = {}): CliProcess {
    const words = ["scan", input, "--out", out, "--batch-images", String(batchImages), ...flags];
    return this.cli.start(words, { REDIS_URL: this.redis.url, ...env });
  }

  /** The only run, found as a person would find it: by its folder. */
  theRun(): string {
    const [key] = this.servers.s3.listKeys(bucket, "out/").filter((name) => name.endsWith("/run.json"));
    assert.ok(key, "a run was begun");
    return `s3://${bucket}/${key.replace(/run\.json$/, "")}`;
  }

  resume(run: string, env: CliEnv = {}): CliProcess {
    return this.cli.start(["resume", run], { REDIS_URL: this.redis.url, ...env });
  }

  /** A whole run without faults, whatever comes out of it. */
  async undisturbed(flags: string[] = [], timeoutMs = 120_000): Promise<Map<string, Said>> {
    const worker = await this.worker({ LABELFLEET_CORES: undefined });
    const { scan, run } = await this.scan(flags);
    succeeded(await scan.result(timeoutMs));
    await this.end(worker);
    return this.said(run);
  }

  /** SIGTERM; the worker has to end with 0. */
  async end(...workers: CliProcess[]): Promise<void> {
    for (const worker of workers) worker.kill("SIGTERM");
    for (const worker of workers) succeeded(await worker.result());
  }

  /** kill -9 of a process and all below it. */
  async kill(victim: CliProcess): Promise<void> {
    victim.killGroup("SIGKILL");
    await victim.ended;
  }

  /**
   * The end of every case: `verify` passes, the report is complete, each key has the record of an undisturbed run, and
   * Redis counted each image once.
   */
  async exact(run: string, options: { countedInRedis?: boolean } = {}): Promise<Comparison> {
    const verify = await this.cli.run(["verify", run]);
    assert.equal(verify.exitCode, 0, `verify: ${verify.stdout}${verify.stderr}`);
    const comparison = await this.compare(run);
    assert.deepEqual(comparison, { images: this.#expected.size, lost: 0, doubled: 0, different: 0 });
    const names = await this.names(run);
    assert.ok(names.includes("_SUCCESS"), "_SUCCESS is there");
    const report = JSON.parse((await this.cli.run(["report", run, "--json"])).stdout) as RunReport;
    const failed = [...this.#expected.values()].filter(({ status }) => status === "failed").length;
    assert.deepEqual(
      { complete: report.complete, images: report.images, ok: report.ok, failed: report.failed },
      { complete: true, images: this.#expected.size, ok: this.#expected.size - failed, failed },
    );
    if (options.countedInRedis !== false) {
      assert.equal(await this.counted(run), this.#expected.size, "images counted in Redis");
    }
    return comparison;
  }

  /** The run's records against those of an undisturbed one. */
  async compare(run: string): Promise<Comparison> {
    return compareRecords(await recordsIn(this.servers.s3, run, modelId), this.#expected);
  }

  async said(run: string): Promise<Map<string, Said>> {
    return saidByKey((await recordsIn(this.servers.s3, run, modelId)).records);
  }

  /** Images that Redis counts as done, ok or failed. */
  async counted(run: string): Promise<number> {
    return countedImages(this.redis, run, modelId);
  }

  /** Batches in a state of the queue: "active", "completed", "failed". */
  async inQueue(state: "active" | "completed" | "failed"): Promise<number> {
    const command = state === "active" ? "LLEN" : "ZCARD";
    const answer = await this.redis.command(command, `{lf-default}:batches:${state}`);
    return Number(answer.trim().slice(1));
  }

  /** What a run's folder holds, by name. */
  names(run: string): Promise<string[]> {
    return namesIn(this.servers.s3, run);
  }

  /** The shards of a run, by name. */
  async shards(run: string): Promise<string[]> {
    return (await this.names(run)).filter((name) => name.startsWith("predictions/"));
  }

  get #expected(): ReadonlyMap<string, Said> {
    assert.ok(this.#options.expected, "this rig has nothing to compare with");
    return this.#options.expected;
  }
}

/** Ctrl-C and SIGTERM end a script's servers and processes before they end the script. Returns what ends that. */
export function stopOnSignal(rig: FaultRig): () => void {
  const stop = () => void rig.stop().finally(() => process.exit(130));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}

/** The result of a command that has to end with 0. */
export function succeeded(result: CliResult): CliResult {
  assert.equal(result.exitCode, 0, `exit code ${result.exitCode} ${result.signal}: ${result.stdout}${result.stderr}`);
  return result;
}

/** Waits until `look` gives true. */
export async function eventually(what: string, look: () => boolean | Promise<boolean>, timeoutMs = 60_000) {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await look())) {
    assert.ok(Date.now() < deadlineMs, `${what}: not within ${timeoutMs} ms`);
    await sleep(50);
  }
}

export function isShardPut({ method, key }: InterceptedRequest): boolean {
  return method === "PUT" && key.includes("/predictions/");
}
