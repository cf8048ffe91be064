import type { Graph, Initializer, Node } from "../onnx/model.js";

/** Operators that onnxruntime computes in whole numbers when their inputs and output are. */
const quantizedOperators: ReadonlySet<string> = new Set(["Conv", "Add", "Mul", "Sigmoid"]);

/**
 * The float values of a graph that are brought to 8 bits, in the order of computing: what goes into convolutions, sums,
 * products and sigmoids, and what comes out. The graph's own outputs stay float.
 */
export function quantizedValues(graph: Graph): string[] {
  const found = new Set<string>();
  const clips = clippedConvolutions(graph);
  const isConstant = new Set(graph.initializers.map(({ name }) => name));
  for (const node of graph.nodes) {
    if (!quantizedOperators.has(node.op)) continue;
    const output = outputOf(node);
    const inputs = node.op === "Conv" ? node.inputs.slice(0, 1) : node.inputs;
    for (const value of [...inputs, clips.get(output) ?? output]) if (!isConstant.has(value)) found.add(value);
  }
  for (const { name } of graph.outputs) found.delete(name);
  return [...found];
}

/** Of each convolution whose output goes through a Clip: its output's name, and the clipped value's. */
export function clippedConvolutions({ nodes }: Graph): Map<string, string> {
  const convolutions = new Set(nodes.filter(({ op }) => op === "Conv").map(outputOf));
  const clips = nodes.filter(({ op, inputs }) => op === "Clip" && convolutions.has(inputs[0]!));
  return new Map(clips.map((clip) => [clip.inputs[0]!, outputOf(clip)]));
}

/** A convolution's input, kernel and bias, the two constants with their numbers. */
export interface ConvParts {
  readonly input: string;
  readonly kernel: FloatConstant;
  readonly bias: FloatConstant;
  readonly inChannels: number;
  readonly isDepthwise: boolean;
}

export type FloatConstant = Initializer & { readonly values: Float32Array };

export function convParts(node: Node, constants: ReadonlyMap<string, Initializer>): ConvParts {
  const [input, kernelName, biasName] = node.inputs as [string, string, string];
  const kernel = constants.get(kernelName) as FloatConstant;
  const group = node.attributes.group as number;
  const inChannels = kernel.shape[1]! * group;
  return { input, kernel, bias: constants.get(biasName) as FloatConstant, inChannels, isDepthwise: group > 1 };
}

export function constantsOf(graph: Graph): ReadonlyMap<string, Initializer> {
  return new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
}

export function outputOf({ outputs }: Node): string {
  return outputs[0]!;
}
