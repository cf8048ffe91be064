import type { OnnxModel, OperatorNode } from "./onnx/read-model.js";

/** What the last computing node of a graph makes: probabilities of one kind or the other, their logarithm, or anything else. */
export interface GraphEnd {
  readonly kind: "softmax" | "sigmoid" | "log-softmax" | "other";
  /** Softmax over the images of a batch instead of the classes of an image. */
  readonly isOverImages: boolean;
  /** To 8 bits: a thousand small probabilities may then add up to something else. */
  readonly isRounded: boolean;
}

/** Operators that hand on the values of their first input, in another type, shape or order, or some of them. */
const handsOn: ReadonlySet<string> = new Set([
  ...["Identity", "Cast", "CastLike", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout", "Transpose"],
  ...["Clip", "Slice", "Gather", "QuantizeLinear", "DequantizeLinear"],
]);
/** After one of these, the axis of a softmax before it is another one's. */
const movesAxes: ReadonlySet<string> = new Set(["Reshape", "Transpose", "Squeeze", "Unsqueeze"]);

const activations: Readonly<Record<string, GraphEnd["kind"]>> = {
  Softmax: "softmax",
  QLinearSoftmax: "softmax",
  LogSoftmax: "log-softmax",
  Sigmoid: "sigmoid",
  HardSigmoid: "sigmoid",
  QLinearSigmoid: "sigmoid",
};

const rounds: ReadonlySet<string> = new Set(["QuantizeLinear", "QLinearSoftmax", "QLinearSigmoid"]);

/** What gives the output `name`, seen through nodes that only hand values on. */
export function endOf(own: OnnxModel, name: string): GraphEnd {
  const { node, passed } = computing(own, name);
  if (node === undefined) return { kind: "other", isOverImages: false, isRounded: false };
  const movedAxes = passed.some((operator) => movesAxes.has(operator));
  const isRounded = [node.operator, ...passed].some((operator) => rounds.has(operator));
  const isOverImages = !movedAxes && (node.axis === 0 || node.axis === -2) && node.operator.endsWith("oftmax");
  const kind = Object.hasOwn(activations, node.operator) ? activations[node.operator]! : writtenOut(own, node);
  return { kind, isOverImages, isRounded };
}

/** As exporters write them out: softmax as exp(log-softmax) or exp(x) / sum(exp(x)), sigmoid as 1 / (1 + exp(-x)). */
function writtenOut(own: OnnxModel, { operator, inputs }: OperatorNode): GraphEnd["kind"] {
  if (operator === "Exp") {
    return computing(own, inputs[0] ?? "").node?.operator === "LogSoftmax" ? "softmax" : "other";
  }
  if (operator !== "Div" && operator !== "Reciprocal") return "other";
  const value = operator === "Div" ? (inputs[0] ?? "") : "";
  const divisor = computing(own, inputs.at(-1) ?? "").node;
  const isExp = (name: string) => computing(own, name).node?.operator === "Exp";
  if (divisor?.operator === "Add") return divisor.inputs.some(isExp) ? "sigmoid" : "other";
  return divisor?.operator === "ReduceSum" && divisor.inputs[0] === value && isExp(value) ? "softmax" : "other";
}

/** The node behind those that hand on, and the operators of these. A graph has no cycles, but a file may. */
function computing(own: OnnxModel, name: string): { node: OperatorNode | undefined; passed: string[] } {
  const seen = new Set<OperatorNode>();
  let node = own.producerOf(name);
  while (node !== undefined && handsOn.has(node.operator) && !seen.has(node)) {
    seen.add(node);
    node = own.producerOf(node.inputs[0] ?? "");
  }
  return { node, passed: [...seen].map(({ operator }) => operator) };
}
