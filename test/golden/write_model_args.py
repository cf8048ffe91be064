"""What timm says of the networks' tensors, and of model_args: writes data/network-shapes.json and data/model-args.json.

    python -m venv peers && peers/bin/pip install torch timm safetensors onnxruntime
    peers/bin/python test/golden/write_model_args.py

The weights and the image are the formulas of data/README.md; the forward pass is in float64.
"""

import json
from pathlib import Path

import timm
import torch
from check_with_timm import fnv1a, formula_image, load_formula

DATA = Path(__file__).parent / "data"
NAMES = [
    *[f"{tf}efficientnet_{size}" for tf in ("", "tf_") for size in [*(f"b{n}" for n in range(9)), "l2", "es", "em", "el"]],
    *[f"{tf}efficientnet_lite{n}" for tf in ("", "tf_") for n in range(5)],
    *[f"{tf}efficientnetv2_{size}" for tf in ("", "tf_") for size in ("s", "m", "l", "xl")],
    *[f"tf_efficientnetv2_b{n}" for n in range(4)],
    *["efficientnetv2_rw_t", "efficientnetv2_rw_s", "efficientnetv2_rw_m", "test_efficientnet"],
    *["efficientnet_es_pruned", "efficientnet_el_pruned"],
]
ARGS = [
    {},
    {"act_layer": "relu"},
    {"act_layer": "relu6"},
    {"act_layer": "ReLU"},
    {"pad_type": "same"},
    {"bn_eps": 0.001},
    {"global_pool": "max"},
    {"global_pool": "avgmax"},
    {"act_layer": "silu", "pad_type": "same", "bn_eps": 0.01, "global_pool": "avgmax", "drop_rate": 0.3},
]
ARGS_OF = "test_efficientnet"
INPUT_PX = 96
CLASSES = 10
GAIN = 1.3


def shapes_of(name):
    with torch.device("meta"):
        model = timm.create_model(name)
    state = {key: list(value.shape) for key, value in model.state_dict().items() if "num_batches" not in key}
    text = "\n".join(f"{key} {','.join(map(str, state[key]))}" for key in sorted(state))
    return {"tensors": len(state), "fnv1a": fnv1a(text), "parameters": sum(p.numel() for p in model.parameters())}


def logits_of(args):
    model = timm.create_model(ARGS_OF, num_classes=CLASSES, **args).eval()
    load_formula(model, GAIN)
    pixels = torch.from_numpy(formula_image(INPUT_PX)).double() / 255
    with torch.no_grad():
        return model.double()(((pixels - 0.5) / 0.5).permute(2, 0, 1)[None])[0].tolist()


if __name__ == "__main__":
    shapes = {name: shapes_of(name) for name in NAMES}
    (DATA / "network-shapes.json").write_text(json.dumps(shapes, indent=1) + "\n")
    cases = [{"modelArgs": args, "logits": [round(value, 7) for value in logits_of(args)]} for args in ARGS]
    document = {"architecture": ARGS_OF, "inputPx": INPUT_PX, "numClasses": CLASSES, "gain": GAIN, "cases": cases}
    (DATA / "model-args.json").write_text(json.dumps(document, indent=1) + "\n")
