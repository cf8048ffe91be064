import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphBuilder } from "@labelfleet/models/onnx/graph-builder";
import { hasCode } from "@labelfleet/shared/errors";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chosenDevice } from "./chosen-device.js";
import { loadRuntime } from "./onnx-runtime.js";
import { openOnnxSession } from "./onnx-session.js";

/** A network of 2x2 pixels: the mean of each colour. */
function meanColour(inputPx = 2): Uint8Array {
  const graph = new GraphBuilder();
  const images = graph.input("images", "uint8", ["N", inputPx, 2, 3]);
  const planes = graph.castToFloat("float", graph.transposeToNchw("planes", images));
  graph.output(graph.globalAveragePool("means", planes), "float32", ["N", 3]);
  return Buffer.concat(graph.encode("mean-colour"));
}

let folder: string;
let modelPath: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "labelfleet-session-"));
  modelPath = join(folder, "mean-colour.onnx");
  await writeFile(modelPath, meanColour());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const grey = (level: number) => new Array<number>(12).fill(level);

describe("an onnxruntime session", () => {
  it("takes any number of images out of a larger, offset buffer, and gives a buffer that can be transferred", async () => {
    const { session } = await openOnnxSession({ modelPath, device: "cpu" });
    try {
      expect(session).toMatchObject({ device: "cpu", inputPx: 2, numClasses: 3 });
      await session.warmUp(4);
      const pool = Uint8Array.from([99, ...grey(10), ...grey(20), ...grey(30), 99]);
      const means = await session.run(pool.subarray(1), 3);
      expect([...means]).toEqual([10, 10, 10, 20, 20, 20, 30, 30, 30]);
      expect([...(await session.run(Uint8Array.from([...grey(0).slice(1), 12]), 1))]).toEqual([0, 0, 3]);
      const moved = structuredClone(means, { transfer: [means.buffer] });
      expect(moved[8]).toBe(30);
      expect(means.length).toBe(0);
    } finally {
      await session.close();
      await session.close();
    }
    await expect(session.run(Uint8Array.from(grey(1)), 1)).rejects.toThrow("closed");
  });

  it("names type and shape of what it cannot run", async () => {
    const { session } = await openOnnxSession({ modelPath, device: "cpu" });
    try {
      for (const imageCount of [0, 2, 0.5, Number.NaN]) {
        const run = session.run(Uint8Array.from(grey(1)), imageCount);
        await expect(run).rejects.toSatisfy((error) => hasCode(error, "INFERENCE_FAILED"));
      }
      await expect(session.run(Uint8Array.from(grey(1)), 2)).rejects.toThrow("images uint8 [2,2,2,3] of 12 bytes");
    } finally {
      await session.close();
    }
  });

  it("opens for auto whatever the machine has", async () => {
    const { session, fallbackReason } = await openOnnxSession({ modelPath, device: "auto" });
    expect(fallbackReason === undefined).toBe(session.device === "cuda");
    await session.close();
  });

  it("asks for CUDA once, however many models are opened", async () => {
    const { InferenceSession } = await loadRuntime();
    const create = vi.spyOn(InferenceSession, "create");
    const asked = () =>
      create.mock.calls.filter((call) => JSON.stringify(call.at(-1)).includes('"executionProviders":["cuda"]')).length;
    for (let i = 0; i < 3; i++) await (await openOnnxSession({ modelPath, device: "auto" })).session.close();
    expect(create).toHaveBeenCalled();
    const { device } = await chosenDevice("auto");
    expect(asked()).toBeLessThanOrEqual(device === "cuda" ? create.mock.calls.length : 1);
    expect(chosenDevice("auto")).toBe(chosenDevice("auto"));
    create.mockRestore();
  });

  it("refuses a file that is no model, and a model with other inputs", async () => {
    const broken = join(folder, "broken.onnx");
    await writeFile(broken, meanColour().subarray(0, 100));
    const oblong = join(folder, "oblong.onnx");
    await writeFile(oblong, meanColour(3));
    for (const path of [broken, oblong]) {
      const opened = openOnnxSession({ modelPath: path, device: "cpu" });
      await expect(opened).rejects.toSatisfy((error) => hasCode(error, "MODEL_INVALID"));
    }
  });

  it("names the model as its user does, not by its file in the cache", async () => {
    const broken = join(folder, "0123abcd.onnx");
    await writeFile(broken, meanColour().subarray(0, 100));
    const opened = openOnnxSession({ modelPath: broken, device: "cpu", name: "./my-model" });
    await expect(opened).rejects.toSatisfy(
      ({ message }: Error) => message.startsWith("./my-model: ") && !message.includes("0123abcd"),
    );
  });
});
