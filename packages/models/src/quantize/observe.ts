import type { Graph, Initializer, Node } from "../onnx/model.js";
import { constantsOf, convParts, quantizedValues } from "./quantized-values.js";
import type { Range } from "./whole-numbers.js";

/** What images looked like inside of the float network. */
export interface Calibration {
  /** Of each of `quantizedValues(graph)`. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** Of each value that goes into a convolution: the mean of each of its channels. */
  readonly channelMeans: ReadonlyMap<string, Float32Array>;
}

/** The outputs of an observing graph, for one image. */
export interface Observed {
  readonly lows: Float32Array;
  readonly highs: Float32Array;
  readonly means: Float32Array;
}

/** Runs along with a float graph and sums up what its values were. */
export class Observer {
  /**
   * The graph with other outputs, float32: `lows` and `highs` [values], the least and the largest number of each value that is
   * to be quantised, and `means` [1, channels], of all inputs of convolutions one after another.
   */
  readonly graph: Graph;
  readonly #values: readonly string[];
  readonly #channels: ReadonlyMap<string, number>;
  readonly #lows: Float32Array;
  readonly #highs: Float32Array;
  readonly #sums: Float64Array;
  #images = 0;

  constructor(graph: Graph) {
    this.#values = quantizedValues(graph);
    this.#channels = channelsIntoConvolutions(graph);
    this.#lows = new Float32Array(this.#values.length).fill(Number.POSITIVE_INFINITY);
    this.#highs = new Float32Array(this.#values.length).fill(Number.NEGATIVE_INFINITY);
    this.#sums = new Float64Array([...this.#channels.values()].reduce((sum, count) => sum + count, 0));
    this.graph = observing(graph, this.#values, [...this.#channels.keys()], this.#sums.length);
  }

  /** Takes in what the graph gave for one image. */
  add({ lows, highs, means }: Observed): void {
    for (const [at, low] of lows.entries()) this.#lows[at] = Math.min(this.#lows[at]!, low);
    for (const [at, high] of highs.entries()) this.#highs[at] = Math.max(this.#highs[at]!, high);
    for (const [at, mean] of means.entries()) this.#sums[at] = this.#sums[at]! + mean;
    this.#images += 1;
  }

  calibration(): Calibration {
    const ranges = new Map(
      this.#values.map((value, at): [string, Range] => [value, [this.#lows[at]!, this.#highs[at]!]]),
    );
    const means = Float32Array.from(this.#sums, (sum) => sum / this.#images);
    const channelMeans = new Map<string, Float32Array>();
    let start = 0;
    for (const [value, count] of this.#channels) {
      channelMeans.set(value, means.subarray(start, start + count));
      start += count;
    }
    return { ranges, channelMeans };
  }
}

function channelsIntoConvolutions(graph: Graph): Map<string, number> {
  const constants = constantsOf(graph);
  const convolutions = graph.nodes.filter(({ op }) => op === "Conv").map((node) => convParts(node, constants));
  return new Map(convolutions.map(({ input, inChannels }) => [input, inChannels]));
}

function observing(graph: Graph, values: readonly string[], meaned: readonly string[], channels: number): Graph {
  const float = (name: string, shape: number[]) => ({ name, type: "float32" as const, shape });
  return {
    ...graph,
    nodes: [
      ...graph.nodes,
      ...joined("lows", values, (value, name) => ofAll("ReduceMin", value, name), 0),
      ...joined("highs", values, (value, name) => ofAll("ReduceMax", value, name), 0),
      ...joined(
        "means",
        meaned,
        (value, name) => [node("ReduceMean", name, [value], { axes: [2, 3], keepdims: 0 })],
        1,
      ),
    ],
    initializers: [...graph.initializers, oneElement],
    outputs: [float("lows", [values.length]), float("highs", [values.length]), float("means", [1, channels])],
  };
}

function joined(
  name: string,
  values: readonly string[],
  measure: (value: string, name: string) => Node[],
  axis: number,
): Node[] {
  const parts = values.map((value) => `${value}.${name}`);
  return [...values.flatMap((value, at) => measure(value, parts[at]!)), node("Concat", name, parts, { axis })];
}

const oneElement: Initializer = { name: "one.element", type: "int64", shape: [1], values: BigInt64Array.of(1n) };

/** Over all axes, as a vector of one, which can be joined with others. */
function ofAll(op: string, value: string, name: string): Node[] {
  const scalar = `${name}.scalar`;
  return [node(op, scalar, [value], { keepdims: 0 }), node("Reshape", name, [scalar, oneElement.name])];
}

function node(op: string, name: string, inputs: readonly string[], attributes: Node["attributes"] = {}): Node {
  return { op, name, inputs, outputs: [name], attributes };
}
