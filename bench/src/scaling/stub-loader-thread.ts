import { parentPort } from "node:worker_threads";
import type { FromLoader, ToLoader } from "@labelfleet/gpu-worker/fetch/messages";

/**
 * A loader thread that fetches and decodes nothing: every image is there at once, grey. With it and a simulated device, what
 * is left is what a worker itself costs.
 */
const port = parentPort!;
const free: ArrayBuffer[] = [];
const keptBuffers = 256;

function send(message: FromLoader, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function take(sizeBytes: number): ArrayBuffer {
  const buffer = free.pop();
  return buffer?.byteLength === sizeBytes ? buffer : new ArrayBuffer(sizeBytes);
}

port.on("message", (message: ToLoader) => {
  switch (message.type) {
    case "load": {
      if (free.length < keptBuffers) free.push(...message.recycled);
      const pixels = message.request.specs.map(({ inputPx }) => take(inputPx * inputPx * 3));
      const cost = { fetchMs: 0, decodeMs: 0, bytesRead: 0 };
      send({ type: "loaded", id: message.id, image: { widthPx: 500, heightPx: 375, pixels }, cost }, pixels);
      return;
    }
    case "ping":
      send({ type: "pong", slowReads: [] });
      return;
    case "close":
      send({ type: "closed" });
  }
});
send({ type: "ready" });
