import { expect, test } from "vitest";
import { LoaderPool } from "./loader-pool.js";

/** A loader thread that answers with the number of buffers that came back with the request, as the image's width. */
const counting = `
  import { parentPort } from "node:worker_threads";
  parentPort.on("message", ({ type, id, recycled }) => {
    if (type === "close") parentPort.postMessage({ type: "closed" });
    if (type !== "load") return;
    const image = { widthPx: recycled.length, heightPx: 1, pixels: [] };
    parentPort.postMessage({ type: "loaded", id, image, cost: { fetchMs: 0, decodeMs: 0, bytesRead: 0 } });
  });`;

test("memory goes back with the next image, whichever of the threads loads it", async () => {
  const pool = new LoaderPool({
    threads: 3,
    perThread: { fetchSlots: 1, decodeSlots: 1, maxDecodeBytes: 2 ** 30 },
    maxDecodeBytesAtOnce: 2 ** 30,
    entries: {
      loaderThread: new URL(`data:text/javascript,${encodeURIComponent(counting)}`),
      decoderProcess: new URL("file:///none"),
    },
    onDied: (error) => {
      throw error;
    },
  });
  const limits = { maxPixels: 1, maxObjectBytes: 1, decodeTimeoutMs: 1 };
  const image = { runId: "r", input: "s3://bucket/", key: "key", etag: "e" };
  const request = { ...image, specs: [], limits, maxReadMs: 1_000, background: null, isolated: false };
  const cameBack: number[] = [];
  for (let image = 0; image < 10; image++) {
    for (let buffer = 0; buffer < image; buffer++) pool.recycle([new ArrayBuffer(8)]);
    const outcome = await pool.load(request);
    cameBack.push(outcome.ok ? outcome.image.widthPx : -1);
  }
  expect(cameBack).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await pool.close()).toBe(true);
});
