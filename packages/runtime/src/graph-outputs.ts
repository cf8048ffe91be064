import { loadRuntime, sessionOptions } from "./onnx-runtime.js";

/** A graph that is run for its float32 outputs, whatever they are, one image at a time and on the CPU. */
export interface GraphOutputs {
  /**
   * @param image uint8 RGB, [inputPx, inputPx, 3]
   * @returns each output's numbers, by its name
   */
  run(image: Uint8Array): Promise<Readonly<Record<string, Float32Array>>>;
  close(): Promise<void>;
}

/** @param modelPath an ONNX file whose one input is uint8 [N, inputPx, inputPx, 3] */
export async function openGraphOutputs(modelPath: string, inputPx: number): Promise<GraphOutputs> {
  const runtime = await loadRuntime();
  const session = await runtime.InferenceSession.create(modelPath, sessionOptions("cpu"));
  const input = session.inputNames[0]!;
  return {
    async run(image) {
      const given = await session.run({ [input]: new runtime.Tensor("uint8", image, [1, inputPx, inputPx, 3]) });
      return Object.fromEntries(Object.entries(given).map(([name, { data }]) => [name, data as Float32Array]));
    },
    close: () => session.release(),
  };
}
