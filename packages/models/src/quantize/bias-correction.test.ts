import { expect, test } from "vitest";
import { withBiasCorrected } from "./bias-correction.js";
import { wholeKernel } from "./whole-numbers.js";

const bias = Float32Array.of(1, -1);

/** What a channel gives for a constant input, one number an input channel. */
function response(
  weights: (at: number) => number,
  inputs: number[],
  area: number,
  start: number,
  bias: number,
): number {
  let sum = bias;
  for (let at = 0; at < inputs.length * area; at++) sum += weights(start + at) * inputs[Math.floor(at / area)]!;
  return sum;
}

test("a channel's mean is what it was before its weights were rounded", () => {
  const kernel = Float32Array.from({ length: 2 * 3 * 4 }, (_, i) => Math.sin(i * 7));
  const whole = wholeKernel(kernel, 2, 4);
  const means = Float32Array.of(3, -2, 5);
  const corrected = withBiasCorrected({ kernel, bias, whole, means, isDepthwise: false, offset: 0 });
  for (const channel of [0, 1]) {
    const before = response((at) => kernel[at]!, [...means], 4, channel * 12, bias[channel]!);
    const rounded = (at: number) => whole.values[at]! * whole.scales[channel]!;
    expect(response(rounded, [...means], 4, channel * 12, bias[channel]!)).not.toBeCloseTo(before, 2);
    expect(response(rounded, [...means], 4, channel * 12, corrected[channel]!)).toBeCloseTo(before, 4);
  }
});

test("a depthwise channel sees its own input only, and an offset of the input is taken off", () => {
  const kernel = Float32Array.of(0.9, 0.4, -0.3, 0.7);
  const whole = wholeKernel(kernel, 2, 2);
  const means = Float32Array.of(10, 20);
  const offset = 0.5;
  const corrected = withBiasCorrected({ kernel, bias, whole, means, isDepthwise: true, offset });
  for (const channel of [0, 1]) {
    const before = response((at) => kernel[at]!, [means[channel]!], 2, channel * 2, bias[channel]!);
    const rounded = (at: number) => whole.values[at]! * whole.scales[channel]!;
    const after = response(rounded, [means[channel]! - offset], 2, channel * 2, corrected[channel]!);
    expect(after).toBeCloseTo(before, 4);
  }
});
