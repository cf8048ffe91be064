import { parentPort, workerData } from "node:worker_threads";
import { chosenDevice } from "@labelfleet/runtime/chosen-device";
import { type OpenedSession, openOnnxSession } from "@labelfleet/runtime/onnx-session";
import type { Session } from "@labelfleet/runtime/session";
import { SimulatedMemory } from "@labelfleet/runtime/simulated-memory";
import { openSimulatedSession } from "@labelfleet/runtime/simulated-session";
import { topK } from "@labelfleet/runtime/top-k";
import { hasCode, LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import type { FromInfer, InferThreadData, ModelToLoad, ToInfer } from "./messages.js";

/**
 * One inference thread: onnxruntime's `run` blocks its thread until it is done, so sessions live here and the main
 * thread stays free. Messages are handled one after another, in order.
 */
const port = parentPort!;
const { device, simulated = null } = workerData as InferThreadData;
const simulatedMemory = new SimulatedMemory(simulated?.memoryMib ?? Number.POSITIVE_INFINITY);
const sessions = new Map<string, Session>();
let batchMemory = new Uint8Array(0);

function send(message: FromInfer, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function open(model: ModelToLoad): Promise<OpenedSession> | OpenedSession {
  if (simulated !== null) {
    return { session: openSimulatedSession(simulated, simulatedMemory, { ...model, ...model.memory }) };
  }
  const { modelPath, name = modelPath } = model;
  return openOnnxSession({ modelPath, device, name });
}

async function load(model: ModelToLoad): Promise<void> {
  const { modelKey } = model;
  let opened: OpenedSession | undefined;
  try {
    opened = await open(model);
    const { session, fallbackReason } = opened;
    await warmUp(session, model.warmUpImages);
    await sessions.get(modelKey)?.close();
    sessions.set(modelKey, session);
    send({ type: "loaded", modelKey, device: session.device, fallbackReason: fallbackReason ?? null });
  } catch (error) {
    await opened?.session.close();
    const { code, message: text } = toLabelfleetError(error);
    send({ type: "load-failed", modelKey, code, message: text });
  }
}

/** With half as many images where so many are out of memory. If one is, the images themselves will tell. */
async function warmUp(session: Session, images: number): Promise<void> {
  try {
    await session.warmUp(images);
  } catch (error) {
    if (!hasCode(error, "INFERENCE_OUT_OF_MEMORY")) throw error;
    if (images > 1) await warmUp(session, Math.floor(images / 2));
  }
}

async function infer({ id, modelKey, images, topK: k }: Extract<ToInfer, { type: "infer" }>): Promise<void> {
  try {
    const session = sessions.get(modelKey);
    if (session === undefined) throw new LabelfleetError("INFERENCE_FAILED", `model ${modelKey} is not loaded`);
    const startedMs = performance.now();
    const { scores, embeddings } = await scoresOf(session, gather(images), images.length);
    const ranked = rowsOf(scores, images.length).map((row) => topK(row, k));
    const perImage = embeddings && rowsOf(embeddings, images.length).map((row) => row.slice());
    const busyMs = performance.now() - startedMs;
    send({ type: "inferred", id, ranked, embeddings: perImage, busyMs, images }, images);
  } catch (error) {
    const { code, message } = toLabelfleetError(error);
    const known = code === "INFERENCE_OUT_OF_MEMORY" ? code : "INFERENCE_FAILED";
    send({ type: "infer-failed", id, code: known, message, images }, images);
  }
}

async function scoresOf(session: Session, images: Uint8Array, imageCount: number) {
  if (session.embeddingLength !== null) return session.runWithEmbeddings(images, imageCount);
  return { scores: await session.run(images, imageCount), embeddings: null };
}

function rowsOf(matrix: Float32Array, rows: number): Float32Array[] {
  const length = matrix.length / rows;
  return Array.from({ length: rows }, (_, row) => matrix.subarray(row * length, (row + 1) * length));
}

/** One image is used as it is; several are laid one behind the other in memory that is kept between batches. */
function gather(images: ArrayBuffer[]): Uint8Array {
  if (images.length === 1) return new Uint8Array(images[0]!);
  const totalBytes = images.reduce((sum, image) => sum + image.byteLength, 0);
  if (batchMemory.byteLength < totalBytes) batchMemory = new Uint8Array(totalBytes);
  let offset = 0;
  for (const image of images) {
    batchMemory.set(new Uint8Array(image), offset);
    offset += image.byteLength;
  }
  return batchMemory.subarray(0, totalBytes);
}

/** Ends this thread, not the process. No native code is running: messages are handled one after another. */
async function close(): Promise<void> {
  for (const session of sessions.values()) await session.close();
  process.exit();
}

async function handle(message: ToInfer): Promise<void> {
  if (message.type === "load") return load(message.model);
  if (message.type === "infer") return infer(message);
  if (message.type === "close") return close();
  await sessions.get(message.modelKey)?.close();
  sessions.delete(message.modelKey);
}

/** A device that was asked for by name is opened before any model is: without it there is nothing to do here. */
async function start(): Promise<void> {
  try {
    if (device === "cuda" && simulated === null) await chosenDevice(device);
    send({ type: "ready" });
  } catch (error) {
    const { code, message } = toLabelfleetError(error);
    send({ type: "start-failed", code, message });
  }
}

let previous = start();
port.on("message", (message: ToInfer) => {
  previous = previous.then(() => handle(message));
});
