import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { Gate, isPhotoGet } from "../e2e/gate.js";
import { bucket, Rig, smallPhotos } from "../e2e/rig.js";
import type { CliProcess } from "../support/cli.js";
import type { Photo } from "../support/photos.js";

/** Where the suites' runs lie. */
export const out = `s3://${bucket}/out`;

/** A bucket of small photos at `s3://photos/in`, and the processes of a fleet. Set up and checked for leaks by vitest's hooks. */
export class RecoveryRig {
  #rig: Rig | undefined;
  #photos: Photo[] = [];
  #gate: Gate | undefined;

  get rig(): Rig {
    return this.#rig!;
  }

  get photos(): Photo[] {
    return this.#photos;
  }

  readonly input = `s3://${bucket}/in`;

  async start(photoCount: number, uploaded: number): Promise<void> {
    this.#rig = await Rig.start();
    this.#photos = await smallPhotos(photoCount);
    await this.rig.upload("in", this.#photos.slice(0, uploaded));
  }

  /** Lets the store answer so many reads of photos, and holds the others until it is opened, at the test's end at the latest. */
  gate(freeReads: number): Gate {
    this.#gate = new Gate(this.rig.servers.s3, freeReads);
    return this.#gate;
  }

  /** Undoes what a test did to the store. */
  calm(): void {
    this.#gate?.open();
    this.rig.servers.s3.intercept = undefined;
  }

  async startWorker(env: Record<string, string> = {}): Promise<CliProcess> {
    const worker = this.rig.cli.start(["work"], { ...this.rig.shared, LABELFLEET_LOG_LEVEL: "info", ...env });
    await worker.until(/worker ready/);
    return worker;
  }

  async startScan(...flags: string[]): Promise<{ scan: CliProcess; run: string }> {
    const scan = this.rig.cli.start(["scan", this.input, "--out", out, ...flags], this.rig.shared);
    const [, run] = await scan.until(/^(s3:\/\/\S+\/)\n/);
    return { scan, run: run! };
  }

  /** The keys of the photos that workers read while the work is done. */
  async readsDuring(work: () => Promise<unknown>): Promise<string[]> {
    const reads: string[] = [];
    this.rig.servers.s3.intercept = (request) => {
      if (isPhotoGet(request)) reads.push(request.key);
      return undefined;
    };
    await work();
    this.rig.servers.s3.intercept = undefined;
    return reads.sort();
  }

  newestRun(): string {
    const ids = this.rig.servers.s3.listKeys(bucket, "out/").map((key) => key.split("/")[1]!);
    const runIds = ids.filter((id) => /^\d{8}t/.test(id));
    return `${out}/${runIds.sort().at(-1)}/`;
  }
}

/** A rig for all tests of a file. Of the photos the first are in the bucket, all unless told. */
export function useRecoveryRig(photoCount: number, uploaded = photoCount): RecoveryRig {
  const recovery = new RecoveryRig();
  beforeAll(() => recovery.start(photoCount, uploaded));
  afterEach(() => recovery.calm());
  afterAll(async () => {
    expect(await recovery.rig.stop()).toEqual([]);
  });
  return recovery;
}

export async function stopWorker(worker: CliProcess): Promise<void> {
  worker.kill("SIGTERM");
  const result = await worker.result();
  expect(result.exitCode, `${result.signal}: ${result.stderr}`).toBe(0);
}
