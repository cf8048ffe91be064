import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { hasCode, LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { chosenDevice } from "./chosen-device.js";
import { loadRuntime, type OnnxRuntime, sessionOptions } from "./onnx-runtime.js";
import { saysOutOfMemory } from "./out-of-memory.js";
import type { Device, ScoresAndEmbeddings, Session } from "./session.js";

export interface OpenOnnxOptions {
  /** A file whose input is uint8 [N, inputPx, inputPx, 3] and whose outputs are float32 [N, numClasses] and, or not, [N, features]. */
  readonly modelPath: string;
  readonly device: DeviceChoice;
  /** What messages call the model: the file lies in a cache under a name that users do not know. Default: the path. */
  readonly name?: string;
}

type GraphFile = Pick<OpenOnnxOptions, "modelPath"> & { name: string };

export interface OpenedSession {
  readonly session: Session;
  /** One line for the log, when `auto` fell back to the CPU. */
  readonly fallbackReason?: string;
}

/**
 * Opens an ONNX file with onnxruntime, which is loaded here, on first use.
 *
 * @throws LabelfleetError DEVICE_UNAVAILABLE when CUDA was asked for by name and does not work; MODEL_INVALID when the
 *   file cannot be loaded or has other inputs and outputs; INFERENCE_OUT_OF_MEMORY
 */
export async function openOnnxSession({
  modelPath,
  device,
  name = modelPath,
}: OpenOnnxOptions): Promise<OpenedSession> {
  const runtime = await loadRuntime();
  const result = await openOn(runtime, { modelPath, name }, device);
  const shape = describe(result.opened);
  if (!shape) {
    await result.opened.release();
    throw new LabelfleetError(
      "MODEL_INVALID",
      `${name}: expected one input uint8 [N, px, px, 3] and outputs float32 [N, classes] (and [N, features])`,
    );
  }
  const session = new OnnxSession(runtime, result.opened, result.device, shape);
  return result.fallbackReason === undefined ? { session } : { session, fallbackReason: result.fallbackReason };
}

interface OpenedOn {
  opened: InferenceSession;
  device: Device;
  fallbackReason?: string;
}

/** A graph that CUDA refuses is opened on the CPU where nobody asked for CUDA by name. */
async function openOn(runtime: OnnxRuntime, file: GraphFile, choice: DeviceChoice): Promise<OpenedOn> {
  const found = await chosenDevice(choice);
  try {
    return { ...found, opened: await create(runtime, file, found.device) };
  } catch (error) {
    if (found.device === "cpu" || choice === "cuda" || hasCode(error, "INFERENCE_OUT_OF_MEMORY")) throw error;
    const opened = await create(runtime, file, "cpu");
    return { opened, device: "cpu", fallbackReason: `on the CPU, because ${toLabelfleetError(error).message}` };
  }
}

async function create(runtime: OnnxRuntime, { modelPath, name }: GraphFile, device: Device): Promise<InferenceSession> {
  try {
    return await runtime.InferenceSession.create(modelPath, sessionOptions(device));
  } catch (cause) {
    const reason = firstLine(cause).replaceAll(modelPath, name);
    if (saysOutOfMemory(cause)) {
      const message = `${name} does not fit in the device's memory: ${reason}`;
      throw new LabelfleetError("INFERENCE_OUT_OF_MEMORY", message, { cause });
    }
    const where = device === "cpu" ? "" : ` on ${device}`;
    const message = `${name}: onnxruntime cannot load it${where}: ${reason}`;
    throw new LabelfleetError("MODEL_INVALID", message, { cause });
  }
}

class OnnxSession implements Session {
  readonly device: Device;
  readonly inputPx: number;
  readonly numClasses: number;
  readonly embeddingLength: number | null;
  readonly #runtime: OnnxRuntime;
  readonly #shape: GraphShape;
  #session: InferenceSession | undefined;

  constructor(runtime: OnnxRuntime, session: InferenceSession, device: Device, shape: GraphShape) {
    this.device = device;
    this.inputPx = shape.inputPx;
    this.numClasses = shape.scores.length;
    this.embeddingLength = shape.embedding?.length ?? null;
    this.#shape = shape;
    this.#runtime = runtime;
    this.#session = session;
  }

  async run(images: Uint8Array, imageCount: number): Promise<Float32Array<ArrayBuffer>> {
    const [scores] = await this.#run(images, imageCount, [this.#shape.scores]);
    return scores!;
  }

  async runWithEmbeddings(images: Uint8Array, imageCount: number): Promise<ScoresAndEmbeddings> {
    const { scores: scoresOutput, embedding } = this.#shape;
    if (embedding === null) throw new LabelfleetError("INFERENCE_FAILED", "the graph gives no embedding");
    const [scores, embeddings] = await this.#run(images, imageCount, [scoresOutput, embedding]);
    return { scores: scores!, embeddings: embeddings! };
  }

  async #run(images: Uint8Array, imageCount: number, outputs: readonly Output[]): Promise<Float32Array<ArrayBuffer>[]> {
    const session = this.#session;
    if (!session) throw new LabelfleetError("INFERENCE_FAILED", "the session is closed");
    const { inputName } = this.#shape;
    const shape = [imageCount, this.inputPx, this.inputPx, 3];
    const sizeBytes = shape.reduce((product, size) => product * size, 1);
    const fed = `${inputName} uint8 [${shape}] of ${images.byteLength} bytes`;
    if (!Number.isInteger(imageCount) || imageCount < 1 || images.byteLength < sizeBytes) {
      throw new LabelfleetError("INFERENCE_FAILED", `cannot run ${fed}: ${sizeBytes} bytes are needed`);
    }
    let given: InferenceSession.OnnxValueMapType;
    try {
      const input = new this.#runtime.Tensor("uint8", images.subarray(0, sizeBytes), shape);
      given = await session.run(
        { [inputName]: input },
        outputs.map(({ name }) => name),
      );
    } catch (cause) {
      const code = saysOutOfMemory(cause) ? "INFERENCE_OUT_OF_MEMORY" : "INFERENCE_FAILED";
      throw new LabelfleetError(code, `onnxruntime refused ${fed}: ${firstLine(cause)}`, { cause });
    }
    return outputs.map(({ name, length }) => {
      const output = given[name] as Tensor | undefined;
      const expected = imageCount * length;
      if (!(output?.data instanceof Float32Array) || output.data.length !== expected) {
        const got = output ? `${output.type} [${output.dims}]` : "nothing";
        throw new LabelfleetError("INFERENCE_FAILED", `${fed} gave ${got} as ${name}, not ${expected} floats`);
      }
      // A copy: onnxruntime's memory is not ours to transfer.
      return new Float32Array(output.data);
    });
  }

  async warmUp(imageCount: number): Promise<void> {
    await this.run(new Uint8Array(imageCount * this.inputPx * this.inputPx * 3).fill(128), imageCount);
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.release();
  }
}

/** An output [N, length]. */
interface Output {
  readonly name: string;
  readonly length: number;
}

interface GraphShape {
  readonly inputName: string;
  readonly inputPx: number;
  readonly scores: Output;
  readonly embedding: Output | null;
}

/** Names and sizes of a graph that takes uint8 NHWC squares and gives rows of floats an image; undefined for others. */
function describe(session: InferenceSession): GraphShape | undefined {
  const [input] = session.inputMetadata;
  if (!input?.isTensor || input.type !== "uint8") return undefined;
  const [, heightPx, widthPx, channels] = input.shape;
  if (input.shape.length !== 4 || heightPx !== widthPx || channels !== 3 || typeof widthPx !== "number")
    return undefined;
  const [scores, embedding, ...others] = session.outputMetadata.map(outputOf);
  if (!scores || embedding === null || others.length > 0) return undefined;
  return { inputPx: widthPx, inputName: input.name, scores, embedding: embedding ?? null };
}

function outputOf(output: InferenceSession.ValueMetadata): Output | null {
  if (!output.isTensor || output.type !== "float32") return null;
  const [, length] = output.shape;
  return output.shape.length === 2 && typeof length === "number" ? { name: output.name, length } : null;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
