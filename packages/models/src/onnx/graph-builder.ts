import { LabelfleetError } from "@labelfleet/shared/errors";
import { encodeFloat16 } from "../weights/float16.js";
import {
  type Attribute,
  type DataType,
  type Dimension,
  dataTypes,
  encodeModel,
  type Graph,
  type Initializer,
  type Node,
  type ValueInfo,
} from "./model.js";

/** How constants are stored and computed with; inputs and outputs say their own type. */
export type Precision = "fp32" | "fp16";

/** What flows along an edge of the graph. */
export interface Value {
  readonly name: string;
}

export interface ConvOptions {
  readonly kernelPx: number;
  readonly stride: number;
  readonly groups: number;
  /** Zeros in rows and columns alike: before and after. */
  readonly padding: { readonly beforePx: number; readonly afterPx: number };
}

/**
 * Builds an ONNX graph by calls that read like the network. Each method adds one node, named `name`, and returns its
 * output. Images are NCHW from `transposeToNchw` on.
 */
export class GraphBuilder {
  readonly #float: "float32" | "float16";
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Initializer & { given?: Float32Array }>();

  constructor(precision: Precision = "fp32") {
    this.#float = precision === "fp32" ? "float32" : "float16";
  }

  input(name: string, type: DataType, shape: readonly Dimension[]): Value {
    this.#inputs.push({ name, type, shape });
    return { name };
  }

  /** Makes `value` an output of the graph, under the name that its node was given. */
  output(value: Value, type: DataType, shape: readonly Dimension[]): void {
    this.#outputs.push({ name: value.name, type, shape });
  }

  /** A constant of the graph's precision. The same name may be given again with the same array. */
  constant(name: string, values: Float32Array, shape: readonly number[]): Value {
    const known = this.#initializers.get(name);
    if (known && known.given !== values) throw new LabelfleetError("INTERNAL", `two ONNX constants named ${name}`);
    if (values.length !== shape.reduce((product, size) => product * size, 1)) {
      throw new LabelfleetError("INTERNAL", `ONNX constant ${name}: ${values.length} values for [${shape}]`);
    }
    if (known) return { name };
    const stored = this.#float === "float32" ? values : encodeFloat16(values);
    this.#initializers.set(name, { name, type: this.#float, values: stored, shape, given: values });
    return { name };
  }

  transposeToNchw(name: string, nhwc: Value): Value {
    return this.node("Transpose", name, [nhwc], { perm: [0, 3, 1, 2] });
  }

  /** RGB to BGR, or back; `axis` is that of the three channels. */
  reverseChannels(name: string, value: Value, axis: number): Value {
    this.#initializers.set(reversedChannels.name, reversedChannels);
    return this.node("Gather", name, [value, reversedChannels], { axis });
  }

  castToFloat(name: string, value: Value): Value {
    return this.node("Cast", name, [value], { to: dataTypes[this.#float] });
  }

  castTo(name: string, value: Value, type: DataType): Value {
    return this.node("Cast", name, [value], { to: dataTypes[type] });
  }

  /** The same value under another name. */
  identity(name: string, value: Value): Value {
    return this.node("Identity", name, [value]);
  }

  /** A value of the graph's precision as float32, under the name `name` in either case. */
  toFloat32(name: string, value: Value): Value {
    return this.#float === "float32" ? this.identity(name, value) : this.castTo(name, value, "float32");
  }

  subtract(name: string, left: Value, right: Value): Value {
    return this.node("Sub", name, [left, right]);
  }

  add(name: string, left: Value, right: Value): Value {
    return this.node("Add", name, [left, right]);
  }

  multiply(name: string, left: Value, right: Value): Value {
    return this.node("Mul", name, [left, right]);
  }

  conv(name: string, value: Value, kernel: Value, bias: Value, options: ConvOptions): Value {
    const { beforePx, afterPx } = options.padding;
    return this.node("Conv", name, [value, kernel, bias], {
      kernel_shape: [options.kernelPx, options.kernelPx],
      strides: [options.stride, options.stride],
      pads: [beforePx, beforePx, afterPx, afterPx],
      group: options.groups,
    });
  }

  /** min(max(x, 0), 6), as the Clip that onnxruntime fuses into the convolution before it. */
  relu6(name: string, value: Value): Value {
    return this.node("Clip", name, [value, this.constant("zero", zero, []), this.constant("six", six, [])]);
  }

  relu(name: string, value: Value): Value {
    return this.node("Relu", name, [value]);
  }

  /** x times sigmoid(x), as the two nodes that onnxruntime knows to fuse. */
  swish(name: string, value: Value): Value {
    return this.multiply(name, value, this.sigmoid(`${name}.sigmoid`, value));
  }

  /** [N, C, H, W] to [N, C]: the mean of each channel. */
  globalAveragePool(name: string, value: Value): Value {
    return this.flatten(name, this.node("GlobalAveragePool", `${name}.pool`, [value]));
  }

  /** [N, C, H, W] to [N, C]: the largest of each channel. */
  globalMaxPool(name: string, value: Value): Value {
    return this.flatten(name, this.node("GlobalMaxPool", `${name}.pool`, [value]));
  }

  /** The same as globalAveragePool by another operator, which onnxruntime does not bring to its blocked layout: faster in front of a `linear`. */
  channelMeans(name: string, value: Value): Value {
    return this.node("ReduceMean", name, [value], { axes: [2, 3], keepdims: 0 });
  }

  /** [N, C] to [N, C, 1, 1], so that it can weigh the channels of a feature map. */
  asChannelWeights(name: string, value: Value): Value {
    this.#initializers.set(weightsShape.name, weightsShape);
    return this.node("Reshape", name, [value, weightsShape]);
  }

  /** [N, ...] to [N, all the rest]. */
  flatten(name: string, value: Value): Value {
    return this.node("Flatten", name, [value], { axis: 1 });
  }

  /** [N, in] to [N, out]; `weight` is [out, in], as PyTorch stores it. */
  linear(name: string, value: Value, weight: Value, bias: Value): Value {
    return this.node("Gemm", name, [value, weight, bias], { transB: 1 });
  }

  softmax(name: string, value: Value): Value {
    return this.node("Softmax", name, [value], { axis: -1 });
  }

  sigmoid(name: string, value: Value): Value {
    return this.node("Sigmoid", name, [value]);
  }

  /**
   * The finished graph as an ONNX file's bytes, in pieces: constants are not copied. The same calls give the same bytes.
   *
   * @param outputOrder names of the outputs, where another order than that of the calls is wanted
   */
  encode(graphName: string, outputOrder: readonly string[] = []): Uint8Array[] {
    return encodeModel(this.finish(graphName, outputOrder));
  }

  /** The finished graph as data; the parameters are those of `encode`. */
  finish(graphName: string, outputOrder: readonly string[] = []): Graph {
    const place = (output: ValueInfo) => outputOrder.indexOf(output.name);
    return {
      name: graphName,
      inputs: this.#inputs,
      outputs: this.#outputs.toSorted((left, right) => place(left) - place(right)),
      nodes: this.#nodes,
      initializers: [...this.#initializers.values()],
    };
  }

  /** Any operator with one output. */
  node(op: string, name: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    this.#nodes.push({ op, name, inputs: inputs.map((input) => input.name), outputs: [name], attributes });
    return { name };
  }
}

/** 0 keeps N, -1 is whatever is left: C. */
const weightsShape: Initializer = {
  name: "channel.weights.shape",
  type: "int64",
  shape: [4],
  values: BigInt64Array.of(0n, -1n, 1n, 1n),
};

const reversedChannels: Initializer = {
  name: "channels.reversed",
  type: "int64",
  shape: [3],
  values: BigInt64Array.of(2n, 1n, 0n),
};

const zero = Float32Array.of(0);
const six = Float32Array.of(6);
