import { type ErrorCode, LabelfleetError } from "@labelfleet/shared/errors";
import { HandBack } from "@labelfleet/shared/queue/batch-consumer";
import { describe, expect, it } from "vitest";
import { type ImageStages, type ImageTask, labelImage } from "./label-image.js";

const bug = new TypeError("Cannot read properties of undefined\n    at decode");
const inferred = { ranked: [{ index: 0, probability: 1 }], embedding: null, busyMs: 1, batchShare: 1 };

interface Overrides {
  load?: () => Promise<unknown>;
  infer?: () => Promise<unknown>;
  pass?: () => Promise<number>;
  checkpoint?: () => void;
  label?: () => Promise<never>;
}

/** An image on its way through stages of which one may be replaced. */
function label({ load, infer, pass, checkpoint, label: equal }: Overrides) {
  const inside = { images: 0 };
  const pixels = new ArrayBuffer(12);
  const cost = { fetchMs: 1, decodeMs: 1, bytesRead: 1 };
  const loaded = async () => ({ ok: true, image: { widthPx: 8, heightPx: 6, pixels: [pixels, pixels] }, cost });
  const stages = {
    budget: {
      enter: async () => {
        inside.images += 1;
      },
      leave: () => {
        inside.images -= 1;
      },
    },
    maxReadMs: 1_000,
    loaders: { load: load ?? loaded, recycle: () => {} },
    batcher: { infer: infer ?? (async () => ({ ...inferred, pixels })) },
  };
  const model = (id: string) => ({
    ref: { id },
    modelKey: id,
    preprocess: { inputPx: 2, resizeShortSidePx: 2, interpolation: "bicubic" },
    model: { card: { activation: "softmax" }, labels: [{ label: "tench" }] },
  });
  const task = {
    run: {
      spec: { runId: "r", frozen: { input: "file:///", topK: 5, threshold: null, background: null } },
      records: { find: () => undefined, addRead() {}, readMs: () => 0 },
      equal: equal && { label: equal },
      stats: { stage() {}, bytesRead() {}, inferred() {}, imageDone() {} },
      input: { isOpen: true, pass: pass ?? (async () => 0), readOk() {}, isOutage: async () => false },
      control: {},
    },
    recordsKey: "job",
    entry: { key: "a.jpg", etag: "e", sizeBytes: 1 },
    models: [model("first"), model("second")],
    limits: {},
    workerId: "w",
    pass: 0,
    isolated: false,
    onLabelled() {},
    stops: [],
    checkpoint: checkpoint ?? (() => {}),
  };
  const records = labelImage(stages as unknown as ImageStages, task as unknown as ImageTask);
  return { records, inside };
}

const throwing = (error: unknown) => async () => {
  throw error;
};
const failing = (code: ErrorCode) => async () => ({
  ok: false,
  error: new LabelfleetError(code, "no"),
  cost: { fetchMs: 0, decodeMs: 0, bytesRead: 0 },
});
const answering = (answer: object) => async () => ({ ...inferred, pixels: new ArrayBuffer(12), ...answer });

describe("labelImage", () => {
  it("makes a record for each model", async () => {
    const { records } = label({});
    expect(await records).toMatchObject([
      { modelId: "first", status: "ok", top: [{ label: "tench" }] },
      { modelId: "second", status: "ok" },
    ]);
  });

  it.each<[string, Overrides]>([
    ["a bug while the image waits for its input", { pass: throwing(bug) }],
    ["a bug in the hand-over to a loader thread", { load: throwing(bug) }],
    ["a bug while it is fetched or decoded, as a loader thread reports it", { load: failing("INTERNAL") }],
    ["a code that no image should have", { load: failing("USAGE") }],
    ["a decoder's answer without pixels", { load: async () => ({ ...(await failing("INTERNAL")()), ok: true }) }],
    ["a bug in the batcher", { infer: throwing(bug) }],
    ["a thrown value that is no error", { infer: throwing("odd") }],
    [
      "an inference that names a class without a label",
      { infer: answering({ ranked: [{ index: 9, probability: 1 }] }) },
    ],
    ["a bug where equal objects are found", { label: throwing(bug) }],
  ])("ends as IMAGE_UNPROCESSABLE records after %s", async (_, overrides) => {
    const { records, inside } = label(overrides);
    const failed = { status: "failed", errorCode: "IMAGE_UNPROCESSABLE", retryable: false, top: null };
    const made = await records;
    expect(made).toMatchObject([
      { modelId: "first", ...failed },
      { modelId: "second", ...failed },
    ]);
    expect(made[0]!.errorMessage).toMatch(/^labelfleet failed at this image: [^\n]+$/);
    expect(inside.images).toBe(0);
  });

  it.each<ErrorCode>(["IMAGE_CORRUPT", "DECODE_CRASHED", "STORE_TIMEOUT", "KEY_REFUSED"])(
    "keeps a code that names what is wrong: %s",
    async (code) => {
      expect(await label({ load: failing(code) }).records).toMatchObject([{ errorCode: code }, { errorCode: code }]);
    },
  );

  const lockLost = new LabelfleetError("REDIS_UNAVAILABLE", "the lock was lost");
  const threadDied = new LabelfleetError("WORKER_DIED", "an inference thread ended");
  it.each<[string, Overrides, unknown]>([
    ["the store refuses the credentials", { load: failing("CREDENTIALS_REFUSED") }, { code: "CREDENTIALS_REFUSED" }],
    ["the bucket is gone", { load: failing("BUCKET_NOT_FOUND") }, { code: "BUCKET_NOT_FOUND" }],
    ["the run was cancelled", { load: failing("RUN_CANCELLED") }, { code: "RUN_CANCELLED" }],
    ["a loader thread is lost", { load: throwing(threadDied) }, threadDied],
    ["an inference thread is lost", { infer: throwing(threadDied) }, threadDied],
    [
      "the device is gone",
      { infer: throwing(new LabelfleetError("DEVICE_UNAVAILABLE", "no")) },
      { code: "DEVICE_UNAVAILABLE" },
    ],
    [
      "the batch is handed back",
      {
        checkpoint: () => {
          throw new HandBack("the worker is stopping");
        },
      },
      { name: "HandBack" },
    ],
    [
      "its lock is lost",
      {
        checkpoint: () => {
          throw lockLost;
        },
      },
      lockLost,
    ],
  ])("leaves the batch to be tried again when %s", async (_, overrides, thrown) => {
    const { records, inside } = label(overrides);
    await expect(records).rejects.toMatchObject(thrown as object);
    expect(inside.images).toBe(0);
  });
});
