import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { type FoundDevice, findDevice } from "./devices.js";
import { loadRuntime, sessionOptions } from "./onnx-runtime.js";
import { saysOutOfMemory } from "./out-of-memory.js";

const found = new Map<DeviceChoice, Promise<FoundDevice>>();

/**
 * The device that a choice means, found out once in a thread: models come and go, and asking for CUDA where there is none
 * costs memory each time (docs/guarantees.md, "Memory").
 *
 * @throws LabelfleetError DEVICE_UNAVAILABLE when CUDA was asked for by name and does not work
 */
export function chosenDevice(choice: DeviceChoice): Promise<FoundDevice> {
  const known = found.get(choice) ?? findDevice(choice, tryCuda);
  found.set(choice, known);
  return known;
}

/** A session of a graph that does nothing. It is no model's fault when that cannot be opened. */
async function tryCuda(): Promise<void> {
  const [runtime, { GraphBuilder }] = await Promise.all([
    loadRuntime(),
    import("@labelfleet/models/onnx/graph-builder"),
  ]);
  const graph = new GraphBuilder();
  graph.output(graph.identity("same", graph.input("given", "float32", [1])), "float32", [1]);
  try {
    const session = await runtime.InferenceSession.create(Buffer.concat(graph.encode("probe")), sessionOptions("cuda"));
    await session.release();
  } catch (cause) {
    if (!saysOutOfMemory(cause)) throw cause;
    throw new LabelfleetError("INFERENCE_OUT_OF_MEMORY", "the device is full", { cause });
  }
}
