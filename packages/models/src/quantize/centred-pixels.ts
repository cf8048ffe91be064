import type { Graph } from "../onnx/model.js";
import { constantsOf, outputOf } from "./quantized-values.js";
import type { Grid } from "./whole-numbers.js";

/** Pixels on their way into a network that sees them less one grey mean: they are a grid already. */
export interface CentredPixels {
  /** The uint8 value. */
  readonly bytes: string;
  /** Its copy in float, which is not needed. */
  readonly copy: string;
  /** The copy less the mean. */
  readonly centred: string;
  readonly grid: Grid;
  /** What the grid's values are too small by: its zero is a whole number, which the mean need not be. */
  readonly offset: number;
}

/** Where a graph casts uint8 to float and subtracts one number; undefined where channels have means of their own. */
export function centredPixels(graph: Graph): CentredPixels | undefined {
  const constants = constantsOf(graph);
  const cast = graph.nodes.find(({ op }) => op === "Cast");
  const subtraction = graph.nodes.find(({ op, inputs }) => op === "Sub" && cast && inputs[0] === outputOf(cast));
  if (!cast || !subtraction) return undefined;
  const mean = constants.get(subtraction.inputs[1]!);
  if (mean?.values.length !== 1) return undefined;
  const given = Number(mean.values[0]);
  const zeroPoint = Math.round(given);
  return {
    bytes: cast.inputs[0]!,
    copy: outputOf(cast),
    centred: outputOf(subtraction),
    grid: { scale: 1, zeroPoint },
    offset: zeroPoint - given,
  };
}
