import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelCard } from "@labelfleet/models/model-card";
import { GraphBuilder, type Value } from "@labelfleet/models/onnx/graph-builder";
import type { DataType } from "@labelfleet/models/onnx/model";
import { adaptOwnGraph } from "@labelfleet/models/own-graph";
import { encodeSafetensors } from "@labelfleet/models/weights/safetensors-writer";
import { hasCode } from "@labelfleet/shared/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openOnnxSession } from "./onnx-session.js";

const px = 32;
const card: ModelCard = {
  schemaVersion: 1,
  id: "own",
  inputPx: px,
  cropPct: 1,
  interpolation: "bilinear",
  mean: [0.5, 0.25, 0],
  std: [0.5, 0.25, 1],
  activation: "softmax",
  numClasses: 3,
  weights: { file: "model.onnx", sha256: "0".repeat(64) },
  license: "mine",
  source: "mine",
};

type Layout = "nchw" | "nhwc";
type Last = "none" | "softmax" | "sigmoid";

/** A network as anyone may export it: the mean of each channel as the score of its class. */
function ownGraph(layout: Layout, type: "float32" | "uint8", last: Last, batch: string | number = "batch"): Uint8Array {
  const graph = new GraphBuilder();
  const shape = layout === "nchw" ? [batch, 3, px, px] : [batch, px, px, 3];
  let value: Value = graph.input("input", type as DataType, shape);
  if (layout === "nhwc") value = graph.transposeToNchw("to.nchw", value);
  if (type === "uint8") value = graph.castToFloat("to.float", value);
  const scores = graph.globalAveragePool(last === "none" ? "scores" : "means", value);
  graph.output(last === "none" ? scores : graph[last]("scores", scores), "float32", [batch, 3]);
  graph.output(graph.multiply("doubled", scores, graph.constant("two", Float32Array.of(2), [])), "float32", [batch, 3]);
  return Buffer.concat(graph.encode("own"));
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "labelfleet-own-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Scores (and embeddings) of two images: one of (255, 255, 255) and one of (0, 51, 102). */
async function scoresOf(bytes: Uint8Array, ownCard: ModelCard, withEmbedding = false) {
  const modelPath = join(folder, "adapted.onnx");
  await writeFile(modelPath, adaptOwnGraph(bytes, ownCard, "own", withEmbedding));
  const { session } = await openOnnxSession({ modelPath, device: "cpu" });
  try {
    const images = new Uint8Array(2 * px * px * 3).fill(255);
    for (let at = px * px * 3; at < images.length; at += 3) images.set([0, 51, 102], at);
    if (!withEmbedding) return { scores: await session.run(images, 2), embeddings: null };
    return await session.runWithEmbeddings(images, 2);
  } finally {
    await session.close();
  }
}

function softmax(row: number[]): number[] {
  const powers = row.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** (pixel / 255 - mean) / std of the two images. */
const normalised = [
  [1, 3, 1],
  [-1, -0.2, 0.4],
];

function expectClose(actual: Float32Array, expected: number[], digits = 4): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries()) expect(actual[index]).toBeCloseTo(value, digits);
}

/** What exporters and converters put behind a softmax, or write instead of it. */
const afterwards = {
  Identity: (graph: GraphBuilder, means: Value) => graph.identity("y", graph.softmax("soft", means)),
  "Cast to float16 and back": (graph: GraphBuilder, means: Value) =>
    graph.castTo("y", graph.castTo("half", graph.softmax("soft", means), "float16"), "float32"),
  "Reshape and Flatten": (graph: GraphBuilder, means: Value) =>
    graph.flatten("y", graph.asChannelWeights("reshaped", graph.softmax("soft", means))),
  Dropout: (graph: GraphBuilder, means: Value) => graph.node("Dropout", "y", [graph.softmax("soft", means)]),
  Clip: (graph: GraphBuilder, means: Value) => graph.relu6("y", graph.softmax("soft", means)),
  "two Transposes": (graph: GraphBuilder, means: Value) =>
    graph.node("Transpose", "y", [graph.node("Transpose", "turned", [graph.softmax("soft", means)])]),
  "Exp after LogSoftmax": (graph: GraphBuilder, means: Value) =>
    graph.node("Exp", "y", [graph.node("LogSoftmax", "log", [means], { axis: 1 })]),
  "LogSoftmax itself": (graph: GraphBuilder, means: Value) => graph.node("LogSoftmax", "y", [means], { axis: 1 }),
};

describe("a graph of one's own", () => {
  it.each(["nchw", "nhwc"] as const)(
    "gets normalised floats in %s, and gives what softmax makes of them",
    async (layout) => {
      const { scores } = await scoresOf(ownGraph(layout, "float32", "none"), card);
      expectClose(scores, normalised.flatMap(softmax));
    },
  );

  it.each(["nchw", "nhwc"] as const)("gets plain bytes in %s where it takes uint8", async (layout) => {
    const { scores } = await scoresOf(ownGraph(layout, "uint8", "none"), {
      ...card,
      output: { gives: "probabilities" },
    });
    expectClose(scores, [255, 255, 255, 0, 51, 102]);
  });

  it.each(["nchw", "nhwc"] as const)("gets blue first in %s where the card says bgr", async (layout) => {
    const bgr: ModelCard = { ...card, input: { channels: "bgr" } };
    const { scores } = await scoresOf(ownGraph(layout, "float32", "none"), bgr);
    expectClose(
      scores,
      normalised.flatMap((rgb) => softmax(rgb.toReversed())),
    );
    const plain: ModelCard = { ...bgr, output: { gives: "probabilities" } };
    expectClose((await scoresOf(ownGraph(layout, "uint8", "none"), plain)).scores, [255, 255, 255, 102, 51, 0]);
  });

  it("is left alone at its end where that is softmax or sigmoid already", async () => {
    expectClose((await scoresOf(ownGraph("nchw", "float32", "softmax"), card)).scores, normalised.flatMap(softmax));
    const { scores } = await scoresOf(ownGraph("nchw", "float32", "sigmoid"), { ...card, activation: "sigmoid" });
    expectClose(scores, normalised.flat().map(sigmoid));
  });

  it.each(Object.keys(afterwards) as (keyof typeof afterwards)[])(
    "gets no second softmax where %s comes after the first",
    async (after) => {
      const graph = new GraphBuilder();
      const images = graph.input("input", "float32", ["batch", 3, px, px]);
      const scores = afterwards[after](graph, graph.globalAveragePool("means", images));
      graph.output(scores, "float32", ["batch", 3]);
      const bytes = Buffer.concat(graph.encode("own"));
      expectClose((await scoresOf(bytes, card)).scores, normalised.flatMap(softmax), 3);
    },
  );

  it("is refused with a softmax over the images of a batch", () => {
    const graph = new GraphBuilder();
    const means = graph.globalAveragePool("means", graph.input("input", "float32", ["batch", 3, px, px]));
    graph.output(graph.identity("scores", graph.node("Softmax", "soft", [means], { axis: 0 })), "float32", [
      "batch",
      3,
    ]);
    expect(() => adaptOwnGraph(Buffer.concat(graph.encode("own")), card, "own", false)).toThrow(/axis 0/);
  });

  it("gets a sigmoid where the card says so", async () => {
    const { scores } = await scoresOf(ownGraph("nchw", "float32", "none"), { ...card, activation: "sigmoid" });
    expectClose(scores, normalised.flat().map(sigmoid));
  });

  it("gives the embedding that the card names", async () => {
    const named = { ...card, output: { embedding: "doubled" } };
    const { scores, embeddings } = await scoresOf(ownGraph("nchw", "float32", "none"), named, true);
    expectClose(scores, normalised.flatMap(softmax));
    expectClose(
      embeddings!,
      normalised.flat().map((value) => 2 * value),
    );
  });

  it.each<[string, Uint8Array, Partial<ModelCard>, RegExp]>([
    [
      "another size",
      ownGraph("nchw", "float32", "none"),
      { inputPx: 64 },
      /input is \[N, 3, 32, 32\], but model\.json asks for \[N, 3, 64, 64\]/,
    ],
    [
      "other classes",
      ownGraph("nchw", "float32", "none"),
      { numClasses: 7 },
      /scores is \[N, 3\], but model\.json asks for \[N, 7\]/,
    ],
    [
      "another type",
      ownGraph("nchw", "uint8", "none"),
      { input: { type: "float32" } },
      /input is uint8, but model\.json says float32/,
    ],
    ["another layout", ownGraph("nchw", "float32", "none"), { input: { layout: "nhwc" } }, /asks for \[N, 32, 32, 3\]/],
    ["a fixed batch", ownGraph("nchw", "float32", "none", 1), {}, /export it with a free batch dimension/],
    [
      "an unknown output",
      ownGraph("nchw", "float32", "none"),
      { output: { name: "x" } },
      /no output "x".*there is scores, doubled/,
    ],
    ["half a file", ownGraph("nchw", "float32", "none").subarray(0, 200), {}, /not an ONNX file, or cut off/],
    ["a git-lfs pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\n"), {}, /git-lfs pointer/],
    ["safetensors", encodeSafetensors([]), {}, /safetensors, not ONNX: name its architecture/],
    ["text", Buffer.from("hello, I am no model"), {}, /not an ONNX file|no graph in it/],
  ])("is refused with %s", (_what, bytes, differing, message) => {
    const adapt = () => adaptOwnGraph(bytes, { ...card, ...differing }, "own/model.onnx", false);
    expect(adapt).toThrow(message);
    try {
      adapt();
    } catch (error) {
      expect(hasCode(error, "MODEL_INVALID")).toBe(true);
    }
  });
});
