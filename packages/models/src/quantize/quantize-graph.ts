import { LabelfleetError } from "@labelfleet/shared/errors";
import type { Graph, Initializer, Node } from "../onnx/model.js";
import { withBiasCorrected } from "./bias-correction.js";
import { type CentredPixels, centredPixels } from "./centred-pixels.js";
import type { Calibration } from "./observe.js";
import { clippedConvolutions, constantsOf, convParts, outputOf, quantizedValues } from "./quantized-values.js";
import { type Grid, gridOver, maxDepthwiseWeight, maxProductWeight, wholeKernel } from "./whole-numbers.js";

/**
 * The same network with its heavy operators in 8 bits, as pairs of QuantizeLinear and DequantizeLinear around the float
 * operators, which onnxruntime makes operators on whole numbers of
 * (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html). Activations become uint8 with one grid a
 * tensor, kernels int8 with one scale an output channel, biases int32. The Clip behind a convolution is left out: the grid
 * of its output ends where it would clip.
 *
 * @throws LabelfleetError MODEL_INVALID naming a value that was not observed
 */
export function quantizeGraph(graph: Graph, calibration: Calibration): Graph {
  return new Quantizer(graph, calibration).run();
}

class Quantizer {
  readonly #graph: Graph;
  readonly #calibration: Calibration;
  readonly #clips: ReadonlyMap<string, string>;
  readonly #constants: ReadonlyMap<string, Initializer>;
  readonly #toQuantize: ReadonlySet<string>;
  readonly #pixels: CentredPixels | undefined;
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Initializer>();
  /** Values of the float graph, and what is read in their place. */
  readonly #replaced = new Map<string, string>();

  constructor(graph: Graph, calibration: Calibration) {
    this.#graph = graph;
    this.#calibration = calibration;
    this.#clips = clippedConvolutions(graph);
    this.#constants = constantsOf(graph);
    this.#toQuantize = new Set(quantizedValues(graph));
    this.#pixels = centredPixels(graph);
  }

  run(): Graph {
    const leftOut = new Set(this.#clips.values());
    for (const node of this.#graph.nodes) {
      const output = outputOf(node);
      if (leftOut.has(output) || output === this.#pixels?.copy) continue;
      if (output === this.#pixels?.centred) {
        this.#replaced.set(output, this.#fromGrid(output, this.#pixels.bytes));
        continue;
      }
      this.#nodes.push(node.op === "Conv" ? this.#conv(node) : this.#asItIs(node));
      const value = this.#clips.get(output) ?? output;
      if (this.#toQuantize.has(value)) this.#replaced.set(value, this.#roundTrip(value, output));
    }
    return { ...this.#graph, nodes: this.#nodes, initializers: [...this.#initializers.values()] };
  }

  #asItIs(node: Node): Node {
    for (const name of node.inputs) {
      const constant = this.#constants.get(name);
      if (constant) this.#initializers.set(name, constant);
    }
    return { ...node, inputs: node.inputs.map((name) => this.#replaced.get(name) ?? name) };
  }

  #conv(node: Node): Node {
    const { input, kernel, bias, isDepthwise } = convParts(node, this.#constants);
    const outChannels = bias.values.length;
    const whole = wholeKernel(kernel.values, outChannels, isDepthwise ? maxDepthwiseWeight : maxProductWeight);
    const means = this.#calibration.channelMeans.get(input);
    const grid = this.#gridOf(input);
    if (!means) throw notObserved(input);
    const offset = input === this.#pixels?.centred ? this.#pixels.offset : 0;
    const corrected = withBiasCorrected({
      kernel: kernel.values,
      bias: bias.values,
      whole,
      means,
      isDepthwise,
      offset,
    });
    const biasScales = whole.scales.map((scale) => scale * grid.scale);
    const wholeBias = Int32Array.from(corrected, (value, channel) => Math.round(value / biasScales[channel]!));
    return {
      ...node,
      inputs: [
        this.#replaced.get(input) ?? input,
        this.#dequantized({ ...kernel, type: "int8", values: whole.values }, whole.scales),
        this.#dequantized({ ...bias, type: "int32", values: wholeBias }, biasScales),
      ],
    };
  }

  /** A constant in whole numbers, and the node that makes float numbers of it, each first index by its own scale. */
  #dequantized(constant: Initializer, scales: Float32Array): string {
    const scale = this.#constant({
      name: `${constant.name}.scale`,
      type: "float32",
      shape: [scales.length],
      values: scales,
    });
    return this.#node("DequantizeLinear", `${constant.name}.float`, [this.#constant(constant), scale], { axis: 0 });
  }

  /** `source` to the grid of `value` and back. */
  #roundTrip(value: string, source: string): string {
    const quantized = `${value}.uint8`;
    this.#node("QuantizeLinear", quantized, [source, ...this.#gridConstants(value)]);
    return this.#fromGrid(value, quantized);
  }

  #fromGrid(value: string, quantized: string): string {
    return this.#node("DequantizeLinear", `${value}.float`, [quantized, ...this.#gridConstants(value)]);
  }

  #gridConstants(value: string): string[] {
    const { scale, zeroPoint } = this.#gridOf(value);
    return [
      this.#constant({ name: `${value}.scale`, type: "float32", shape: [], values: Float32Array.of(scale) }),
      this.#constant({ name: `${value}.zero`, type: "uint8", shape: [], values: Uint8Array.of(zeroPoint) }),
    ];
  }

  #gridOf(value: string): Grid {
    if (value === this.#pixels?.centred) return this.#pixels.grid;
    const range = this.#calibration.ranges.get(value);
    if (!range) throw notObserved(value);
    return gridOver(range);
  }

  #constant(initializer: Initializer): string {
    this.#initializers.set(initializer.name, initializer);
    return initializer.name;
  }

  #node(op: string, name: string, inputs: string[], attributes: Node["attributes"] = {}): string {
    this.#nodes.push({ op, name, inputs, outputs: [name], attributes });
    return name;
  }
}

function notObserved(value: string): LabelfleetError {
  return new LabelfleetError("MODEL_INVALID", `the calibration has no range for ${value}: calibrate this graph`);
}
