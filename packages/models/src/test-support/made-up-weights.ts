import type { Step } from "../efficientnet/layers.js";
import { networkOf } from "../efficientnet/network.js";
import { encodeSafetensors, type NamedTensor } from "../weights/safetensors-writer.js";

/** Every tensor of an architecture with values of a seeded generator, scaled so that activations neither fade nor burst. */
export function madeUpTensors(architecture: string, numClasses: number): NamedTensor[] {
  const shapes = tensorShapes(architecture, numClasses);
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return shapes.map(([name, shape]) => {
    const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
    const isScale = shape.length === 1 && /bn\d\.weight$|running_var$/.test(name);
    const spread = shape.length === 1 ? 0.1 : Math.sqrt(3 / fanIn);
    const size = shape.reduce((product, length) => product * length, 1);
    const values = new Float32Array(size);
    for (let index = 0; index < size; index++) values[index] = (isScale ? 1 : 0) + spread * next();
    return { name, shape, values };
  });
}

/** Name and shape of every tensor of an architecture. */
export function tensorShapes(architecture: string, numClasses: number): NamedShape[] {
  const { stem, stages, head, classifier } = networkOf(architecture);
  const steps = [stem, ...stages.flatMap(({ blocks }) => blocks.flatMap((block) => block.steps)), head];
  return [...steps.flatMap(shapesOf), ...linear(classifier.name, [numClasses, classifier.inFeatures])];
}

/** Made-up weights of an architecture as a safetensors file. */
export function madeUpWeights(architecture: string, numClasses = 1000): Uint8Array {
  return encodeSafetensors(madeUpTensors(architecture, numClasses));
}

export type NamedShape = readonly [name: string, shape: readonly number[]];

function shapesOf(step: Step): NamedShape[] {
  if (step.kind === "squeeze-excitation") {
    const { name, channels, squeezedChannels } = step;
    return [
      ...linear(`${name}.conv_reduce`, [squeezedChannels, channels, 1, 1]),
      ...linear(`${name}.conv_expand`, [channels, squeezedChannels, 1, 1]),
    ];
  }
  const { conv, batchNorm, inChannels, outChannels, kernelPx, groups } = step;
  const perChannel = ["weight", "bias", "running_mean", "running_var"].map(
    (part): NamedShape => [`${batchNorm}.${part}`, [outChannels]],
  );
  return [[`${conv}.weight`, [outChannels, inChannels / groups, kernelPx, kernelPx]], ...perChannel];
}

function linear(name: string, shape: readonly number[]): NamedShape[] {
  return [
    [`${name}.weight`, shape],
    [`${name}.bias`, [shape[0]!]],
  ];
}
