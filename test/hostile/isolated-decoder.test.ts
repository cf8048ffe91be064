import { execFileSync } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { IsolatedDecoder } from "@labelfleet/gpu-worker/decode/isolated-decoder";
import { LoaderPool } from "@labelfleet/gpu-worker/fetch/loader-pool";
import { decodeForModels } from "@labelfleet/imaging/decode";
import { defaultImageLimits } from "@labelfleet/shared/contract/run-spec";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { afterEach, beforeAll, expect, test } from "vitest";
import { hostileEntries } from "../support/hostile-decoder/entries.js";
import { type Spell, withSpell } from "../support/hostile-decoder/hostile-decode.js";
import { findLeaks, type LeakSnapshot, takeSnapshot } from "../support/leaks.js";
import { makePhotos } from "../support/photos.js";

const specs = [{ inputPx: 64, resizeShortSidePx: 72, interpolation: "bicubic" } as const];
const limits = { maxPixels: 1_000_000, timeoutMs: 20_000 };

let photo: Buffer;
let before: LeakSnapshot;
const decoders: IsolatedDecoder[] = [];

beforeAll(async () => {
  photo = (await makePhotos({ count: 1, widthPx: 160, heightPx: 120, seed: 1 }))[0]!.bytes;
  before = await takeSnapshot(import.meta.dirname);
});

afterEach(async () => {
  for (const decoder of decoders.splice(0)) decoder.close();
  expect(await findLeaks(before)).toEqual([]);
});

function decoder(options: { idleMs?: number } = {}): IsolatedDecoder {
  const made = new IsolatedDecoder({ entry: hostileEntries.decoderProcess, ...options });
  decoders.push(made);
  return made;
}

function cast(spell: Spell): Buffer {
  return withSpell(photo, spell);
}

test("labelfleet's own decoder process gives the same pixels, and the same errors, as decoding in this one", async () => {
  const isolated = new IsolatedDecoder();
  decoders.push(isolated);
  const here = await decodeForModels(photo, specs, limits);
  const there = await isolated.decode(photo, specs, limits);
  expect([there.widthPx, there.heightPx]).toEqual([160, 120]);
  expect(Buffer.from(there.pixels[0]!).equals(here.pixels[0]!)).toBe(true);
  await expect(isolated.decode(photo.subarray(0, 900), specs, limits)).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
  await expect(isolated.decode(photo, specs, { ...limits, maxPixels: 10 })).rejects.toMatchObject({
    code: "IMAGE_TOO_LARGE",
  });
});

test("an image that kills decoders is named as such, and the next images are decoded", async () => {
  const isolated = decoder();
  const outcomes = await Promise.allSettled(
    [photo, cast("die"), photo].map((bytes) => isolated.decode(bytes, specs, limits)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({
    reason: { code: "DECODE_CRASHED", message: expect.stringContaining("SIGSEGV") },
  });
});

test("a decoder that hangs, even in its main thread, is killed at the deadline", async () => {
  const isolated = decoder();
  await isolated.decode(photo, specs, limits);
  const startedMs = performance.now();
  await expect(isolated.decode(cast("hang"), specs, { ...limits, timeoutMs: 500 })).rejects.toMatchObject({
    code: "DECODE_TIMEOUT",
  });
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  await expect.poll(() => findLeaks(before)).toEqual([]);
  expect((await isolated.decode(photo, specs, limits)).pixels).toHaveLength(1);
});

test("the decoder has none of the worker's secrets", async () => {
  const secrets = {
    AWS_SECRET_ACCESS_KEY: "planted-1",
    AWS_SESSION_TOKEN: "planted-2",
    REDIS_URL: "redis://:planted-3@127.0.0.1:1",
    LABELFLEET_DASHBOARD_TOKEN: "planted-planted-4",
    HF_TOKEN: "planted-5",
  };
  const kept = { ...process.env };
  Object.assign(process.env, secrets);
  const told = await decoder()
    .decode(cast("tell-environment"), specs, limits)
    .catch((error: Error) => error.message)
    .finally(() => {
      for (const name of Object.keys(secrets)) {
        if (kept[name] === undefined) delete process.env[name];
        else process.env[name] = kept[name];
      }
    });
  expect(told).toContain('"PATH"');
  for (const name of Object.keys(secrets)) expect(told).not.toContain(`"${name}"`);
});

test("a decoder with nothing to do ends, and comes again when it is needed", async () => {
  const isolated = decoder({ idleMs: 50 });
  await isolated.decode(photo, specs, limits);
  await expect.poll(() => findLeaks(before)).toEqual([]);
  expect((await isolated.decode(photo, specs, limits)).widthPx).toBe(160);
});

test("what a loader thread refuses is judged once more, by the decoder process", async () => {
  await withLoaders(async (load) => {
    expect(await load("sound.jpg", cast("misjudge"), 20_000)).toBe("ok");
    expect(await load("cut.jpg", withSpell(photo.subarray(0, 900), "misjudge"), 20_000)).toBe("IMAGE_CORRUPT");
  });
});

test("decodes that keep their threads for ever take no decode slot from others", async () => {
  const pipe = join(tmpdir(), `lf-hold-${process.pid}`);
  execFileSync("mkfifo", [pipe]);
  // Loader threads take it over when they start.
  process.env.HOSTILE_PIPE = pipe;
  try {
    await withLoaders(
      async (load, pool) => {
        expect(await load("first.jpg", photo, 20_000)).toBe("ok");
        for (let i = 0; i < 2; i++) expect(await load(`${i}.jpg`, cast("hold-thread"), 300)).toBe("DECODE_TIMEOUT");
        // From now on in a process, which is killed with whatever holds it.
        for (let i = 2; i < 4; i++) expect(await load(`${i}.jpg`, cast("hold-thread"), 3_000)).toBe("DECODE_TIMEOUT");
        expect(await load("other.jpg", photo, 20_000)).toBe("ok");
        // Freed threads bring the fast path back, and let the loader thread end.
        await freeThreads(pipe);
        expect(await load("last.jpg", photo, 20_000)).toBe("ok");
        expect(await pool.close()).toBe(true);
      },
      () => freeThreads(pipe),
    );
  } finally {
    delete process.env.HOSTILE_PIPE;
    await rm(pipe);
  }
});

/** Puts an image into a folder, and has it loaded from there: "ok", or what is wrong. */
type Load = (key: string, bytes: Buffer, decodeTimeoutMs: number) => Promise<string>;

/** With one loader thread that obeys spells and has one decode slot. */
async function withLoaders(
  use: (load: Load, pool: LoaderPool) => Promise<void>,
  beforeClosing = async () => {},
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "lf-loaders-"));
  const pool = new LoaderPool({
    threads: 1,
    perThread: { fetchSlots: 4, decodeSlots: 1, maxDecodeBytes: 2 ** 30 },
    maxDecodeBytesAtOnce: 2 ** 30,
    entries: hostileEntries,
    onDied: (error) => {
      throw error;
    },
  });
  try {
    const input = `file://${dir}/photos/`;
    const { store } = await openStore(input);
    const load: Load = async (key, bytes, decodeTimeoutMs) => {
      const { etag } = await store.put(key, bytes);
      const limits = { ...defaultImageLimits, decodeTimeoutMs };
      const request = {
        runId: "r",
        input,
        key,
        etag,
        specs,
        limits,
        maxReadMs: 60_000,
        background: null,
        isolated: false,
      };
      const outcome = await pool.load(request);
      return outcome.ok ? "ok" : outcome.error.code;
    };
    await use(load, pool);
  } finally {
    await beforeClosing();
    await pool.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Opens the pipe for reading and writing, which never waits, and is what its readers wait for. */
async function freeThreads(pipe: string): Promise<void> {
  const end = await open(pipe, "r+");
  await sleep(200);
  await end.close();
}
