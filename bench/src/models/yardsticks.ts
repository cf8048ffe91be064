import { type Maps, YardstickBuilder } from "./yardstick-builder.js";

export interface Built {
  readonly pieces: Uint8Array[];
  readonly parameters: number;
  readonly multiplyAdds: number;
}

const numClasses = 1000;

/** ResNet-50 in torchvision's form, stride in the 3x3 convolution (https://arxiv.org/abs/1512.03385, table 1). */
export function resNet50(inputPx: number): Built {
  const net = new YardstickBuilder();
  let maps = net.relu(net.conv(net.images(inputPx), { outChannels: 64, kernelPx: 7, stride: 2 }));
  maps = net.pool("MaxPool", maps, 3, 1);
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    for (let block = 0; block < blocks; block++) {
      maps = bottleneck(net, maps, 64 * 2 ** stage, stage > 0 && block === 0 ? 2 : 1);
    }
  }
  return finished(net, maps);
}

function bottleneck(net: YardstickBuilder, input: Maps, width: number, stride: number): Maps {
  const outChannels = 4 * width;
  const narrow = net.relu(net.conv(input, { outChannels: width, kernelPx: 1 }));
  const filtered = net.relu(net.conv(narrow, { outChannels: width, kernelPx: 3, stride }));
  const wide = net.conv(filtered, { outChannels, kernelPx: 1 });
  const keepsShape = stride === 1 && input.channels === outChannels;
  const shortcut = keepsShape ? input : net.conv(input, { outChannels, kernelPx: 1, stride });
  return net.relu(net.add(wide, shortcut));
}

const growth = 32;

/** DenseNet-169 (https://arxiv.org/abs/1608.06993, table 1): growth 32, bottlenecks of four times that, halving transitions. */
export function denseNet169(inputPx: number): Built {
  const net = new YardstickBuilder();
  let maps = net.relu(net.conv(net.images(inputPx), { outChannels: 64, kernelPx: 7, stride: 2 }));
  maps = net.pool("MaxPool", maps, 3, 1);
  const stages = [6, 12, 32, 32];
  for (const [stage, layers] of stages.entries()) {
    for (let layer = 0; layer < layers; layer++) {
      const narrow = net.relu(net.conv(net.relu(net.batchNorm(maps)), { outChannels: 4 * growth, kernelPx: 1 }));
      maps = net.concat([maps, plainConv(net, narrow)]);
    }
    if (stage === stages.length - 1) continue;
    maps = net.conv(net.relu(net.batchNorm(maps)), { outChannels: maps.channels / 2, kernelPx: 1 });
    net.parameters -= 2 * maps.channels;
    maps = net.pool("AveragePool", maps, 2);
  }
  return finished(net, net.relu(net.batchNorm(maps)));
}

/** The new features of a dense layer: no batch norm follows, the next layer's own comes after the concatenation. */
function plainConv(net: YardstickBuilder, input: Maps): Maps {
  const maps = net.conv(input, { outChannels: growth, kernelPx: 3 });
  net.parameters -= 2 * growth;
  return maps;
}

function finished(net: YardstickBuilder, maps: Maps): Built {
  const pieces = net.finish(maps, numClasses);
  return { pieces, parameters: net.parameters, multiplyAdds: net.multiplyAdds };
}
