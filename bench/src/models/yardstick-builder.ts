import { GraphBuilder, type Value } from "@labelfleet/models/onnx/graph-builder";

/** A tensor [N, channels, sizePx, sizePx]. */
export interface Maps {
  readonly value: Value;
  readonly channels: number;
  readonly sizePx: number;
}

export interface ConvShape {
  readonly outChannels: number;
  readonly kernelPx: number;
  readonly stride?: number;
}

/** A network that is only measured, with made-up weights: builds its graph and counts what it costs. */
export class YardstickBuilder {
  /** Learned numbers, as PyTorch counts them: batch norms have two a channel, also where they are folded here. */
  parameters = 0;
  /** Of one image: convolutions and linear layers. */
  multiplyAdds = 0;
  readonly #graph = new GraphBuilder();
  #state = 1;
  #names = 0;

  /** uint8 [N, px, px, 3] with the mean taken off; the first convolution does the rest, as in our own graphs. */
  images(inputPx: number): Maps {
    const graph = this.#graph;
    const bytes = graph.input("images", "uint8", ["N", inputPx, inputPx, 3]);
    const planes = graph.castToFloat("planes", graph.transposeToNchw("planes.u8", bytes));
    const mean = graph.constant("mean", Float32Array.of(124, 116, 104), [1, 3, 1, 1]);
    return { value: graph.subtract("centred", planes, mean), channels: 3, sizePx: inputPx };
  }

  /** A convolution with its batch norm folded in, padded by half its kernel. */
  conv(input: Maps, { outChannels, kernelPx, stride = 1 }: ConvShape): Maps {
    const name = this.#name("conv");
    const shape = [outChannels, input.channels, kernelPx, kernelPx];
    const fanIn = input.channels * kernelPx * kernelPx;
    const kernel = this.#madeUp(`${name}.kernel`, shape, Math.sqrt(3 / fanIn) / (input.channels === 3 ? 255 : 1));
    const bias = this.#madeUp(`${name}.bias`, [outChannels], 0.1);
    const padPx = (kernelPx - 1) / 2;
    const options = { kernelPx, stride, groups: 1, padding: { beforePx: padPx, afterPx: padPx } };
    const sizePx = Math.ceil(input.sizePx / stride);
    this.parameters += outChannels * fanIn + 2 * outChannels;
    this.multiplyAdds += outChannels * fanIn * sizePx * sizePx;
    return { value: this.#graph.conv(name, input.value, kernel, bias, options), channels: outChannels, sizePx };
  }

  /** A batch norm that no convolution lies before, so that it stays. */
  batchNorm(input: Maps): Maps {
    const name = this.#name("bn");
    const { channels } = input;
    const parts = ["scale", "shift", "mean"].map((part) => this.#madeUp(`${name}.${part}`, [channels], 0.1));
    const variance = this.#graph.constant(`${name}.variance`, new Float32Array(channels).fill(1), [channels]);
    this.parameters += 2 * channels;
    return { ...input, value: this.#graph.node("BatchNormalization", name, [input.value, ...parts, variance]) };
  }

  relu(input: Maps): Maps {
    return { ...input, value: this.#graph.node("Relu", this.#name("relu"), [input.value]) };
  }

  add(left: Maps, right: Maps): Maps {
    return { ...left, value: this.#graph.add(this.#name("sum"), left.value, right.value) };
  }

  concat(parts: readonly Maps[]): Maps {
    const values = parts.map(({ value }) => value);
    const channels = parts.reduce((sum, part) => sum + part.channels, 0);
    return { ...parts[0]!, channels, value: this.#graph.node("Concat", this.#name("concat"), values, { axis: 1 }) };
  }

  pool(kind: "MaxPool" | "AveragePool", input: Maps, kernelPx: number, padPx = 0): Maps {
    const attributes = { kernel_shape: [kernelPx, kernelPx], strides: [2, 2], pads: [padPx, padPx, padPx, padPx] };
    const value = this.#graph.node(kind, this.#name("pool"), [input.value], attributes);
    return { ...input, value, sizePx: Math.floor((input.sizePx + 2 * padPx - kernelPx) / 2) + 1 };
  }

  /** Pool, classify, softmax: the finished ONNX file in pieces. */
  finish(input: Maps, numClasses: number): Uint8Array[] {
    const graph = this.#graph;
    const { channels } = input;
    const weight = this.#madeUp("fc.weight", [numClasses, channels], Math.sqrt(3 / channels));
    const bias = this.#madeUp("fc.bias", [numClasses], 0.1);
    const logits = graph.linear("logits", graph.globalAveragePool("features", input.value), weight, bias);
    graph.output(graph.softmax("probabilities", logits), "float32", ["N", numClasses]);
    this.parameters += (channels + 1) * numClasses;
    this.multiplyAdds += channels * numClasses;
    return graph.encode("yardstick");
  }

  #name(kind: string): string {
    this.#names += 1;
    return `${kind}${this.#names}`;
  }

  #madeUp(name: string, shape: readonly number[], spread: number): Value {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let index = 0; index < values.length; index++) {
      this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
      values[index] = spread * (this.#state / 2 ** 31 - 1);
    }
    return this.#graph.constant(name, values, shape);
  }
}
