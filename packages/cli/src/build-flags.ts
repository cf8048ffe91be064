import { architectureNames } from "@labelfleet/models/efficientnet/variants";
import { type Command, InvalidArgumentError, Option } from "commander";
import { intUpTo, positiveInt } from "./flags.js";

type Rgb = readonly [number, number, number];
type Output = "probabilities" | "logits" | "embedding";

/** The flags of `models build`. */
export interface BuildFlags {
  architecture: string;
  weights: string;
  out: string;
  numClasses?: number;
  inputPx?: number;
  mean?: Rgb;
  std?: Rgb;
  activation: "softmax" | "sigmoid";
  output: Output;
  precision: "fp32" | "fp16";
}

export function addBuildFlags(command: Command): Command {
  const outputs: readonly Output[] = ["probabilities", "logits", "embedding"];
  return command
    .requiredOption("--architecture <name>", `timm's name: ${architectureNames[0]}, tf_efficientnet_b0 ...`)
    .requiredOption("--weights <file>", "safetensors with timm's tensor names")
    .requiredOption("--out <file>", "the ONNX file to write")
    .option("--num-classes <n>", "classes (default: what the weights have)", positiveInt)
    .option("--input-px <n>", "side of the input (default: the architecture's)", intUpTo(2048))
    .option("--mean <r,g,b>", "of pixels scaled to 0..1 (default: the architecture's)", rgb)
    .option("--std <r,g,b>", "of pixels scaled to 0..1 (default: the architecture's)", rgb)
    .addOption(
      new Option("--activation <name>", "from logits to probabilities")
        .choices(["softmax", "sigmoid"])
        .default("softmax"),
    )
    .addOption(new Option("--output <name>", "what the graph gives").choices(outputs).default("probabilities"))
    .addOption(
      new Option("--precision <precision>", "of weights and arithmetic").choices(["fp32", "fp16"]).default("fp32"),
    );
}

function rgb(text: string): Rgb {
  const [red, green, blue, ...more] = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (more.length > 0 || ![red, green, blue].every(Number.isFinite)) {
    throw new InvalidArgumentError("expected three numbers, such as 0.485,0.456,0.406.");
  }
  return [red!, green!, blue!];
}
