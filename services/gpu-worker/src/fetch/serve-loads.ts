import { parentPort, workerData } from "node:worker_threads";
import type { DecodedImage } from "@labelfleet/imaging/decode";
import { decodeMemoryBytes } from "@labelfleet/imaging/decode-memory";
import { type ErrorCode, hasCode, isRecordCode, LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { isComparable } from "@labelfleet/shared/storage/etag";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { s3ConfigOf } from "@labelfleet/shared/storage/s3-settings";
import pLimit from "p-limit";
import { maxOverdueDecodes } from "../cores.js";
import { withDeadline } from "../decode/deadline.js";
import { uncountedDecodeBytes } from "../decode/decode-memory.js";
import { IsolatedDecoder } from "../decode/isolated-decoder.js";
import type { DecodeImage } from "../decode/messages.js";
import { OverdueDecodes } from "../decode/overdue-decodes.js";
import { BodyMemory } from "./body-memory.js";
import { BufferPool } from "./buffer-pool.js";
import type { FromLoader, LoadCost, LoaderThreadData, LoadRequest, ToLoader } from "./messages.js";
import { ReadsUnderWay } from "./reads-under-way.js";
import { Stores } from "./stores.js";

/** What is read from the decoder's words. */
const decoderVerdicts: ErrorCode[] = ["IMAGE_CORRUPT", "IMAGE_UNSUPPORTED"];

/**
 * One loader thread: GET and decode, with its own object-store client. Fetches overlap each other; decodes are bounded
 * apart, because they use a core each while fetches mostly wait.
 */
export function serveLoads(decodeImage: DecodeImage): void {
  const port = parentPort!;
  const { fetchSlots, decodeSlots, s3, maxDecodeBytes, decoderEntry } = workerData as LoaderThreadData;
  const fetchSlot = pLimit(fetchSlots);
  const decodeSlot = pLimit(decodeSlots);
  const bodies = new BodyMemory();
  const buffers = new BufferPool();
  const storeConfig = s3 && { s3: s3ConfigOf(s3) };
  const stores = new Stores(async (input) => (await openStore(input, storeConfig)).store);
  const reads = new ReadsUnderWay();
  /** Images that wait for memory. */
  const mayDecode = new Map<number, () => void>();
  const overdue = new OverdueDecodes(maxOverdueDecodes);
  const isolated = new IsolatedDecoder({ entry: new URL(decoderEntry) });
  const takeMemory = (sizeBytes: number) => buffers.take(sizeBytes);
  const takeBodyMemory = (sizeBytes: number) => bodies.take(sizeBytes);
  const send = (message: FromLoader, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

  async function load(id: number, request: LoadRequest): Promise<void> {
    const cost: LoadCost = { fetchMs: 0, decodeMs: 0, bytesRead: 0 };
    try {
      const body = await fetchSlot(() => fetch(request, cost));
      const giveMemory = await memoryFor(id, body, request);
      const { widthPx, heightPx, pixels } = await decodeSlot(() => decode(body, request, cost, giveMemory));
      const memory = pixels.map(({ buffer }) => buffer);
      send({ type: "loaded", id, image: { widthPx, heightPx, pixels: memory }, cost }, memory);
    } catch (error) {
      const { code, message } = toLabelfleetError(error);
      send({ type: "load-failed", id, code, message, cost });
    }
  }

  async function fetch(request: LoadRequest, cost: LoadCost): Promise<Uint8Array<ArrayBuffer>> {
    const { input, runId, key, etag: ifMatch, listed, limits, maxReadMs } = request;
    const startedMs = performance.now();
    const progress = reads.begin({ runId, key }, startedMs);
    try {
      const bounds = { maxBytes: limits.maxObjectBytes, maxReadMs, progress, takeMemory: takeBodyMemory };
      const options = { ifMatch, ...(listed && { listed }), ...bounds };
      const { body, etag } = await stores.use(input, (store) => store.get(key, options));
      cost.bytesRead = body.byteLength;
      if (!isComparable(ifMatch)) cost.etag = etag;
      return body;
    } finally {
      reads.end(progress);
      cost.fetchMs = performance.now() - startedMs;
    }
  }

  /** Waits until the image may be decoded, outside of its deadline and of the slots that small images need. Returns what gives it back. */
  async function memoryFor(
    id: number,
    body: Uint8Array<ArrayBuffer>,
    { specs, limits }: LoadRequest,
  ): Promise<() => void> {
    const shortSidePx = Math.max(...specs.map((spec) => Math.max(spec.resizeShortSidePx, spec.inputPx)));
    const bytes = decodeMemoryBytes(body, { shortSidePx, maxPixels: limits.maxPixels });
    if (bytes <= uncountedDecodeBytes) return () => {};
    if (bytes > maxDecodeBytes) {
      bodies.give(body.buffer);
      throw tooLarge(bytes, maxDecodeBytes);
    }
    send({ type: "wants-memory", id, bytes });
    await new Promise<void>((resolve) => mayDecode.set(id, resolve));
    return () => send({ type: "needs-no-memory", id });
  }

  async function decode(
    body: Uint8Array<ArrayBuffer>,
    request: LoadRequest,
    cost: LoadCost,
    giveMemory: () => void,
  ): Promise<DecodedImage> {
    const { maxPixels, decodeTimeoutMs: timeoutMs } = request.limits;
    const options = { maxPixels, timeoutMs, background: request.background };
    const startedMs = performance.now();
    let isStillRead = false;
    const onLate = (late: Promise<unknown>) => {
      isStillRead = true;
      overdue.add(late);
      late.then(giveMemory, giveMemory);
    };
    try {
      // A process can be killed. With the last spare threads of the pool taken, nothing else may hang in this one.
      if (request.isolated || overdue.areTooMany)
        return await isolated.decode(body, request.specs, options, takeMemory);
      const decoding = () => decodeImage(body, request.specs, options, takeMemory);
      return await withDeadline(timeoutMs, decoding, onLate).catch((error: unknown) =>
        confirmed(error, () => isolated.decode(body, request.specs, options, takeMemory)),
      );
    } finally {
      if (!isStillRead) {
        bodies.give(body.buffer);
        giveMemory();
      }
      cost.decodeMs = performance.now() - startedMs;
    }
  }

  port.on("message", (message: ToLoader) => {
    switch (message.type) {
      case "load":
        for (const buffer of message.recycled) buffers.give(buffer);
        void load(message.id, message.request);
        return;
      case "may-decode":
        mayDecode.get(message.id)?.();
        mayDecode.delete(message.id);
        return;
      case "open":
        // What is wrong with the store is told by the first image.
        stores.open(message.input).catch(() => undefined);
        return;
      case "ping":
        send({ type: "pong", slowReads: reads.slow(performance.now()) });
        return;
      case "close":
        isolated.close();
        send({ type: "closed" });
    }
  });
  send({ type: "ready" });
}

function tooLarge(bytes: number, maxBytes: number): LabelfleetError {
  const [needed, there] = [bytes, maxBytes].map((value) => `${Math.round(value / 2 ** 20)} MiB`);
  const text = `decoding the image takes about ${needed} of memory, and this worker has ${there} for that`;
  return new LabelfleetError("IMAGE_TOO_LARGE", text);
}

/**
 * What is wrong with an image, from a decoder that does nothing beside: libvips keeps one error text for a whole process, so
 * images that fail at the same moment may tell each other's reasons. Our own findings need no second look, and
 * where no such decoder can be started the first one counts.
 */
async function confirmed(error: unknown, again: () => Promise<DecodedImage>): Promise<DecodedImage> {
  if (!hasCode(error, ...decoderVerdicts) || (error as Error).cause === undefined) throw error;
  return again().catch((verdict: unknown) => {
    throw isRecordCode(toLabelfleetError(verdict).code) ? verdict : error;
  });
}
