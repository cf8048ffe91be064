"""The same networks as torch.onnx exports them, for `labelfleet bench graphs`.

    python -m venv peers && peers/bin/pip install torch timm onnx safetensors
    peers/bin/python bench/peers/export_torch.py OUT efficientnet_b0 224
    npx labelfleet models build --architecture efficientnet_b0 --weights OUT/efficientnet_b0.safetensors \
        --input-px 224 --out OUT/efficientnet_b0.ours.onnx
    npx labelfleet bench graphs OUT/efficientnet_b0.ours.onnx OUT/efficientnet_b0.torch.onnx

Writes NAME.safetensors (random weights of a fixed seed), NAME.torch.onnx (bytes transposed first, 1 / (255 std) folded into
the stem, as our graphs do) and NAME.naive.onnx (pixels normalised one by one, as NHWC nodes).
"""

import sys
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file


class WithPreprocessing(torch.nn.Module):
    def __init__(self, network, mean, std, naive):
        super().__init__()
        self.network, self.naive = network, naive
        mean, std = torch.tensor(mean), torch.tensor(std)
        if naive:
            self.register_buffer("mean", mean)
            self.register_buffer("std", std)
        else:
            self.register_buffer("mean", (mean * 255).view(1, 3, 1, 1))
            with torch.no_grad():
                network.conv_stem.weight.div_((std * 255).view(1, 3, 1, 1))

    def forward(self, images):
        if self.naive:
            pixels = ((images.float() / 255 - self.mean) / self.std).permute(0, 3, 1, 2)
        else:
            pixels = images.permute(0, 3, 1, 2).float() - self.mean
        return self.network(pixels).softmax(-1)


def main(out, name, px):
    for naive in (False, True):
        torch.manual_seed(1)
        network = timm.create_model(name, pretrained=False, exportable=True).eval()
        config = timm.data.resolve_model_data_config(network)
        if not naive:
            save_file(network.state_dict(), out / f"{name}.safetensors")
        module = WithPreprocessing(network, config["mean"], config["std"], naive).eval()
        torch.onnx.export(
            module,
            (torch.zeros(2, px, px, 3, dtype=torch.uint8),),
            str(out / f"{name}.{'naive' if naive else 'torch'}.onnx"),
            input_names=["images"],
            output_names=["probabilities"],
            dynamic_axes={"images": {0: "N"}, "probabilities": {0: "N"}},
            opset_version=17,
            dynamo=False,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
