import { createHash } from "node:crypto";
import { join } from "node:path";
import { IsolatedDecoder } from "@labelfleet/gpu-worker/decode/isolated-decoder";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { defaultImageLimits } from "@labelfleet/shared/contract/run-spec";
import { type ErrorCode, LabelfleetError } from "@labelfleet/shared/errors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig } from "../e2e/rig.js";
import { hostileImages } from "../support/hostile-images/corpus.js";
import { formats, type HostileImage } from "../support/hostile-images/hostile-image.js";

const seed = 1;
const timeoutMs = 20_000;
const specs = [{ inputPx: 224, resizeShortSidePx: 256, interpolation: "bicubic" } as const];

/** What one image may end as; DECODE_CRASHED would be a decoder that died. */
const allowed: ("ok" | ErrorCode)[] = ["ok", "IMAGE_EMPTY", "IMAGE_CORRUPT", "IMAGE_UNSUPPORTED", "IMAGE_TOO_LARGE"];
/** Of the corpus, what also goes through the command line. */
const everyNth = 4;

let corpus: HostileImage[];
let rig: Rig;
const codes = new Map<string, string>();

beforeAll(async () => {
  rig = await Rig.start();
  corpus = await hostileImages(seed);
}, 120_000);

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

test("the corpus has at least 2,000 files of every format and kind, all named differently", () => {
  expect(corpus.length).toBeGreaterThanOrEqual(2_000);
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
  expect(new Set(corpus.map(({ format }) => format))).toEqual(new Set(formats));
  expect(new Set(corpus.map(({ kind }) => kind)).size).toBe(11);
  for (const format of formats) {
    const cut = corpus.filter((image) => image.format === format && image.kind === "truncated");
    expect(cut.length, format).toBeGreaterThan(25);
  }
});

test("the same seed gives the same bytes, another one others", { timeout: 120_000 }, async () => {
  const digest = (images: HostileImage[]) =>
    images.reduce((hash, { name, bytes }) => hash.update(name).update(bytes), createHash("sha256")).digest("hex");
  expect(digest(await hostileImages(seed))).toBe(digest(corpus));
  expect(digest(await hostileImages(seed + 1))).not.toBe(digest(corpus));
});

test("every file is decoded or refused with a code, in time, and no decoder dies", { timeout: 600_000 }, async () => {
  const decoder = new IsolatedDecoder();
  const wrong: string[] = [];
  let slowestMs = 0;
  try {
    for (const { name, bytes, expected } of corpus) {
      const startedMs = performance.now();
      const outcome = await decoder
        .decode(bytes, specs, { maxPixels: defaultImageLimits.maxPixels, timeoutMs })
        .then(() => "ok" as const)
        .catch((error: unknown) => error);
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      const code = outcome instanceof LabelfleetError ? outcome.code : String(outcome);
      codes.set(name, code);
      const isOneLine = !(outcome instanceof Error) || /^[\x20-\x7e]+$/.test(outcome.message);
      const isRight =
        expected === code ||
        (allowed.includes(code as ErrorCode) && (expected === null || (expected === "failed" && code !== "ok")));
      if (!isRight || !isOneLine) wrong.push(`${name}: ${code} ${outcome}`);
    }
  } finally {
    decoder.close();
  }
  expect(wrong).toEqual([]);
  expect(slowestMs).toBeLessThan(timeoutMs);
  console.log(`${corpus.length} files, the slowest took ${Math.round(slowestMs)} ms:`, tally(codes.values()));
});

test("through the command line each file is a record with the same code, and no worker dies", {
  timeout: 300_000,
}, async () => {
  const part = corpus.filter(({ kind }, i) => i % everyNth === 0 || kind === "bomb");
  const input = await rig.folder("hostile", part);
  const words = [
    "run",
    input,
    "--out",
    join(rig.dir, "labels"),
    "--max-failed",
    "100%",
    "--batch-images",
    "100",
    "--json",
  ];
  const result = await rig.cli.run([...words, "--decode-timeout", String(timeoutMs)], {}, 280_000);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stderr).not.toMatch(/a worker ended|lost its worker|will be tried again/);
  const report = JSON.parse(result.stdout) as RunReport;
  expect(report).toMatchObject({ complete: true, images: part.length });
  await rig.succeed(["verify", report.run]);
  const records = await rig.records(report.run);
  const recorded = part.map(({ name }) => [name, records.get(name)!.errorCode ?? "ok"]);
  expect(recorded).toEqual(part.map(({ name }) => [name, codes.get(name)]));
});

test("images that fail at the same moment each have their own code", { timeout: 120_000 }, async () => {
  const two = ["jpeg-baseline-flip-16.jpg", "jpeg-baseline-size-0x0.jpg"].map(
    (wanted) => corpus.find(({ name }) => name === wanted)!,
  );
  const wanted = new Map(two.map(({ name }) => [name, codes.get(name)]));
  expect(new Set(wanted.values()).size).toBe(2);
  const copies = Array.from({ length: 60 }, (_, i) => two.map(({ name, bytes }) => ({ name: `${i}/${name}`, bytes })));
  const input = await rig.folder("at-once", copies.flat());
  const flags = ["--max-failed", "100%", "--json"];
  const { stdout } = await rig.succeed(["run", input, "--out", join(rig.dir, "labels"), ...flags]);
  const records = await rig.records((JSON.parse(stdout) as RunReport).run);
  for (const [key, { errorCode }] of records) expect(errorCode, key).toBe(wanted.get(key.split("/")[1]!));
  expect(records.size).toBe(120);
});

function tally(values: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
