import { LabelfleetError } from "@labelfleet/shared/errors";
import type { ValueInfo } from "./model.js";
import { type Attribute, type DataType, type Dimension, encodeModel, type Initializer, type Node } from "./model.js";

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
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Initializer>();

  input(name: string, type: DataType, shape: readonly Dimension[]): Value {
    this.#inputs.push({ name, type, shape });
    return { name };
  }

  /** Makes `value` an output of the graph, under the name that its node was given. */
  output(value: Value, type: DataType, shape: readonly Dimension[]): void {
    this.#outputs.push({ name: value.name, type, shape });
  }

  /** A float32 constant. The same name may be given again with the same array. */
  constant(name: string, values: Float32Array, shape: readonly number[]): Value {
    const known = this.#initializers.get(name);
    if (known && known.values !== values) throw new LabelfleetError("INTERNAL", `two ONNX constants named ${name}`);
    if (values.length !== shape.reduce((product, size) => product * size, 1)) {
      throw new LabelfleetError("INTERNAL", `ONNX constant ${name}: ${values.length} values for [${shape}]`);
    }
    this.#initializers.set(name, { name, values, shape });
    return { name };
  }

  transposeToNchw(name: string, nhwc: Value): Value {
    return this.#node("Transpose", name, [nhwc], { perm: [0, 3, 1, 2] });
  }

  castToFloat(name: string, value: Value): Value {
    return this.#node("Cast", name, [value], { to: 1 });
  }

  subtract(name: string, left: Value, right: Value): Value {
    return this.#node("Sub", name, [left, right]);
  }

  add(name: string, left: Value, right: Value): Value {
    return this.#node("Add", name, [left, right]);
  }

  conv(name: string, value: Value, kernel: Value, bias: Value, options: ConvOptions): Value {
    const { beforePx, afterPx } = options.padding;
    return this.#node("Conv", name, [value, kernel, bias], {
      kernel_shape: [options.kernelPx, options.kernelPx],
      strides: [options.stride, options.stride],
      pads: [beforePx, beforePx, afterPx, afterPx],
      group: options.groups,
    });
  }

  /** min(max(x, 0), 6), as the Clip that onnxruntime fuses into the convolution before it. */
  relu6(name: string, value: Value): Value {
    return this.#node("Clip", name, [value, this.constant("zero", zero, []), this.constant("six", six, [])]);
  }

  /** [N, C, H, W] to [N, C]: the mean of each channel. */
  globalAveragePool(name: string, value: Value): Value {
    const pooled = this.#node("GlobalAveragePool", `${name}.pool`, [value]);
    return this.#node("Flatten", name, [pooled], { axis: 1 });
  }

  /** [N, in] to [N, out]; `weight` is [out, in], as PyTorch stores it. */
  linear(name: string, value: Value, weight: Value, bias: Value): Value {
    return this.#node("Gemm", name, [value, weight, bias], { transB: 1 });
  }

  softmax(name: string, value: Value): Value {
    return this.#node("Softmax", name, [value], { axis: -1 });
  }

  sigmoid(name: string, value: Value): Value {
    return this.#node("Sigmoid", name, [value]);
  }

  /** The finished graph as an ONNX file's bytes. The same calls give the same bytes. */
  encode(graphName: string): Uint8Array {
    return encodeModel({
      name: graphName,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nodes: this.#nodes,
      initializers: [...this.#initializers.values()],
    });
  }

  #node(op: string, name: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    this.#nodes.push({ op, name, inputs: inputs.map((input) => input.name), outputs: [name], attributes });
    return { name };
  }
}

const zero = Float32Array.of(0);
const six = Float32Array.of(6);
