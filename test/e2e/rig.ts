import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { expect } from "vitest";
import { Cli, type CliResult } from "../support/cli.js";
import { type LocalServers, startLocalServers } from "../support/fixtures.js";
import { findLeaks, type LeakSnapshot, leftoverRedisKeys, takeSnapshot } from "../support/leaks.js";
import { makePhotos, type Photo } from "../support/photos.js";
import { namesIn, readIn, recordsIn } from "../support/run-files.js";
import { type OwnTemporaryDir, ownTemporaryDir } from "../support/temporary-dir.js";

/** The bucket that every suite has. */
export const bucket = "photos";

/** What Redis may keep of finished work: registries, the queue's own bookkeeping and finished jobs, all bounded. */
const keptKeys =
  /^(lf:(lanes|runs|workers)|\{lf-[a-z0-9-]+\}:batches:(id|pc|meta|events|completed|marker|stalled.*|r\d.*))$/;

/** Redis, S3, a folder and the command line: what a suite of whole commands needs. Names what it leaves behind. */
export class Rig {
  readonly servers: LocalServers;
  readonly cli: Cli;
  /** For inputs and outputs; removed at the end. */
  readonly dir: string;
  readonly #before: LeakSnapshot;
  readonly #temporary: OwnTemporaryDir;

  private constructor(parts: {
    servers: LocalServers;
    cli: Cli;
    dir: string;
    before: LeakSnapshot;
    temporary: OwnTemporaryDir;
  }) {
    this.servers = parts.servers;
    this.cli = parts.cli;
    this.dir = parts.dir;
    this.#before = parts.before;
    this.#temporary = parts.temporary;
  }

  /** @param pageKeys keys in one page of a listing, 1000 unless told */
  static async start(options: { pageKeys?: number } = {}): Promise<Rig> {
    const temporary = await ownTemporaryDir("e2e");
    const before = await takeSnapshot(temporary.dir);
    const servers = await startLocalServers(options);
    const dir = await mkdtemp(join(temporary.dir, "suite-"));
    // Apart from the suite's own files: what is left in it after a command was left by the command.
    const temporaryDir = join(dir, "tmp");
    await mkdir(temporaryDir);
    await servers.s3.createBucket(bucket);
    return new Rig({ servers, dir, before, temporary, cli: new Cli({ temporaryDir, env: servers.s3.env }) });
  }

  /** Ends everything. Returns what was left behind; an empty list is a clean suite. */
  async stop(): Promise<string[]> {
    const leaks = [...(await this.cli.close()), ...(await this.#leakedRedisKeys())];
    await this.servers.stop();
    leaks.push(...(await findLeaks(this.#before)));
    await this.#temporary.release();
    return leaks;
  }

  /** The environment of commands that share the suite's Redis. */
  get shared(): { REDIS_URL: string } {
    return { REDIS_URL: this.servers.redis.url };
  }

  /** Runs a command that has to succeed. */
  async succeed(words: string[], env: Record<string, string> = {}): Promise<CliResult> {
    const result = await this.cli.run(words, env);
    expect(result.exitCode, `labelfleet ${words.join(" ")}\n${result.stdout}${result.stderr}`).toBe(0);
    return result;
  }

  /** Runs a command with --json that has to succeed; stdout must be that document and nothing else. */
  async json<T = RunReport>(words: string[], env: Record<string, string> = {}): Promise<T> {
    return JSON.parse((await this.succeed([...words, "--json"], env)).stdout) as T;
  }

  /** Writes files to a new folder below the suite's. Returns its path. */
  async folder(name: string, files: Photo[]): Promise<string> {
    for (const file of files) {
      const path = join(this.dir, name, file.name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, file.bytes);
    }
    return join(this.dir, name);
  }

  /** Puts files under `s3://photos/<prefix>/`. Returns that address. */
  async upload(prefix: string, files: Photo[]): Promise<string> {
    for (const { name, bytes } of files) await this.servers.s3.putObject(bucket, `${prefix}/${name}`, bytes);
    return `s3://${bucket}/${prefix}`;
  }

  /** Every name in a folder or under a prefix, relative to it and sorted. */
  names(uri: string): Promise<string[]> {
    return namesIn(this.servers.s3, uri);
  }

  /** One file of a run; `uri` ends in a slash. */
  read(uri: string, name: string): Promise<Buffer> {
    return readIn(this.servers.s3, uri, name);
  }

  async spec(uri: string): Promise<RunSpec> {
    return JSON.parse((await this.read(uri, "run.json")).toString()) as RunSpec;
  }

  /** The records of a run as any reader sees them, by key; a doubled record fails the test. */
  async records(uri: string, modelId = "efficientnet-lite0"): Promise<Map<string, Prediction>> {
    const { records, doubled } = await recordsIn(this.servers.s3, uri, modelId);
    expect(doubled, "keys that are there twice").toEqual([]);
    return records;
  }

  /** Batches of the default lane that no worker holds. */
  async waitingBatches(): Promise<number> {
    const list = await this.servers.redis.command("LLEN", "{lf-default}:batches:wait");
    const prioritized = await this.servers.redis.command("ZCARD", "{lf-default}:batches:prioritized");
    return Number(list.slice(1)) + Number(prioritized.slice(1));
  }

  /** Batches of the default lane that a worker holds. */
  async activeBatches(): Promise<number> {
    return Number((await this.servers.redis.command("LLEN", "{lf-default}:batches:active")).slice(1));
  }

  async #leakedRedisKeys(): Promise<string[]> {
    const leaks: string[] = [];
    for (const key of await leftoverRedisKeys(this.servers.redis)) {
      if (keptKeys.test(key)) continue;
      const isJob = /:batches:[^:]+$/.test(key);
      const isGone = isJob && (await this.#isCompleted(key));
      const hasEnd = Number((await this.servers.redis.command("TTL", key)).slice(1)) > 0;
      if (!isGone && !hasEnd) leaks.push(`Redis key ${key}`);
    }
    return leaks;
  }

  /** Whether a key belongs to a job in the bounded set of finished ones. */
  async #isCompleted(key: string): Promise<boolean> {
    const mark = key.lastIndexOf(":");
    const answer = await this.servers.redis.command("ZSCORE", `${key.slice(0, mark)}:completed`, key.slice(mark + 1));
    return !answer.startsWith("$-1") && !answer.startsWith("_");
  }
}

/** Photos small enough that tests spend their time on what they test. */
export function smallPhotos(count: number, seed = 1): Promise<Photo[]> {
  return makePhotos({ count, widthPx: 240, heightPx: 180, seed });
}

/** Records without what differs between two right runs: who made them. */
export function withoutWorker(records: Map<string, Prediction>): Map<string, Omit<Prediction, "workerId">> {
  return new Map([...records].map(([key, { workerId: _, ...record }]) => [key, record]));
}
