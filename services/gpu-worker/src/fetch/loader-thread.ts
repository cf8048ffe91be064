import { parentPort, workerData } from "node:worker_threads";
import { decodeForModels } from "@labelfleet/imaging/decode";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import pLimit from "p-limit";
import { withDeadline } from "../decode/deadline.js";
import { BufferPool } from "./buffer-pool.js";
import type { FromLoader, LoadCost, LoaderThreadData, LoadRequest, ToLoader } from "./messages.js";

/**
 * One loader thread: GET and decode, with its own object-store client. Fetches overlap each other; decodes are bounded
 * apart, because they use a core each while fetches mostly wait.
 */
const port = parentPort!;
const { fetchSlots, decodeSlots } = workerData as LoaderThreadData;
const fetchSlot = pLimit(fetchSlots);
const decodeSlot = pLimit(decodeSlots);
const buffers = new BufferPool();

/** Stores by input; a worker serves few runs at once, so the oldest is closed when there are many. */
const maxOpenStores = 8;
const stores = new Map<string, Promise<ObjectStore>>();

function storeOf(input: string): Promise<ObjectStore> {
  const open = stores.get(input);
  if (open !== undefined) return open;
  const opening = openStore(input).then(({ store }) => store);
  stores.set(input, opening);
  if (stores.size > maxOpenStores) {
    const [oldestInput, oldest] = stores.entries().next().value!;
    stores.delete(oldestInput);
    void oldest.then((store) => store.close());
  }
  return opening;
}

function send(message: FromLoader, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

async function load(id: number, request: LoadRequest): Promise<void> {
  const cost: LoadCost = { fetchMs: 0, decodeMs: 0, bytesRead: 0 };
  try {
    const body = await fetchSlot(() => fetch(request, cost));
    const decoded = await decodeSlot(() => decode(body, request, cost));
    const pixels = decoded.pixels.map(({ buffer }) => buffer);
    send({ type: "loaded", id, image: { widthPx: decoded.widthPx, heightPx: decoded.heightPx, pixels }, cost }, pixels);
  } catch (error) {
    const { code, message } = toLabelfleetError(error);
    send({ type: "load-failed", id, code, message, cost });
  }
}

async function fetch({ input, key, etag, limits }: LoadRequest, cost: LoadCost): Promise<Uint8Array> {
  const startedMs = performance.now();
  try {
    const store = await storeOf(input);
    const { body } = await store.get(key, { ifMatch: etag, maxBytes: limits.maxObjectBytes });
    cost.bytesRead = body.byteLength;
    return body;
  } finally {
    cost.fetchMs = performance.now() - startedMs;
  }
}

async function decode(body: Uint8Array, { specs, limits }: LoadRequest, cost: LoadCost) {
  const startedMs = performance.now();
  try {
    const { maxPixels, decodeTimeoutMs } = limits;
    const decoding = decodeForModels(body, specs, { maxPixels }, (sizeBytes) => buffers.take(sizeBytes));
    return await withDeadline(decodeTimeoutMs, decoding);
  } finally {
    cost.decodeMs = performance.now() - startedMs;
  }
}

port.on("message", (message: ToLoader) => {
  if (message.type === "load") void load(message.id, message.request);
  else for (const buffer of message.buffers) buffers.give(buffer);
});
send({ type: "ready" });
