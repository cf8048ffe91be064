"""Every variant against timm: formula-made weights (data/README.md) through `labelfleet models build`, logits compared.

    python -m venv peers && peers/bin/pip install torch timm safetensors onnxruntime
    peers/bin/python test/golden/check_with_timm.py tf_efficientnet_b7 tf_efficientnetv2_m

The largest take minutes: timm's forward pass is in float64. Prints one line a variant, and exits 1 when a logit differs by
1e-3 or a parameter count does.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import timm
import torch
from safetensors.torch import save_file

CLI = Path(__file__).parents[2] / "packages/cli/bin/labelfleet.js"
TOLERANCE = 1e-3
MASK = np.uint64(0xFFFFFFFF)


def fnv1a(text):
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def mulberry32(seed, count):
    a = (np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5)) & MASK
    t = ((a ^ (a >> np.uint64(15))) * (a | np.uint64(1))) & MASK
    t = t ^ ((t + (((t ^ (t >> np.uint64(7))) * (t | np.uint64(61))) & MASK)) & MASK)
    return (t ^ (t >> np.uint64(14))).astype(np.float64) / 2**32


def formula_tensor(name, shape, gain):
    u = mulberry32(fnv1a(name), int(np.prod(shape)))
    if name.endswith("running_var"):
        values = 0.5 + u
    elif name.endswith("running_mean"):
        values = (2 * u - 1) * 0.1
    elif len(shape) == 1:
        values = 0.8 + 0.4 * u if name.endswith(".weight") else (2 * u - 1) * 0.1
    else:
        values = (2 * u - 1) * (gain * np.sqrt(3 / np.prod(shape[1:])))
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def formula_image(side):
    y, x, c = np.meshgrid(np.arange(side) >> 4, np.arange(side) >> 4, np.arange(3), indexing="ij")
    index = y * 4096 + x * 4 + c
    return np.floor(256 * mulberry32(12345, int(index.max()) + 1)[index]).astype(np.uint8)


def load_formula(model, gain):
    state = model.state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = formula_tensor(name, tuple(tensor.shape), gain)
    model.load_state_dict(state)
    return state


def tuned_gain(model, pixels):
    """A gain that gives logits a deviation of about one, as those of data/ have; found in float32, by bisection."""
    low, high = 1.0, 1.6
    for _ in range(14):
        gain = (low + high) / 2
        load_formula(model, gain)
        with torch.no_grad():
            deviation = model(pixels.float()).std().item()
        if 0.7 < deviation < 3:
            return gain
        low, high = (gain, high) if deviation < 1 else (low, gain)
    return gain


def check(name, folder):
    model = timm.create_model(name, pretrained=False).eval()
    config = timm.data.resolve_model_data_config(model, use_test_size=True)
    px, mean, std = config["input_size"][1], config["mean"], config["std"]
    image = formula_image(px)
    pixels = (torch.from_numpy(image).double() / 255 - torch.tensor(mean).double()) / torch.tensor(std).double()
    pixels = pixels.permute(2, 0, 1)[None]
    gain = tuned_gain(model, pixels)
    weights, graph = folder / f"{name}.safetensors", folder / f"{name}.onnx"
    save_file(load_formula(model, gain), weights)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    with torch.no_grad():
        expected = model.double()(pixels)[0].numpy()
    words = ["--architecture", name, "--weights", weights, "--input-px", px, "--output", "logits", "--out", graph]
    words += ["--mean", ",".join(map(str, mean)), "--std", ",".join(map(str, std)), "--json"]
    built = subprocess.run(["node", CLI, "models", "build", *map(str, words)], capture_output=True, check=True)
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    logits = session.run(None, {"images": image[None]})[0][0]
    difference = float(np.abs(logits - expected).max())
    has_parameters = json.loads(built.stdout)["parameters"] == parameters
    is_right = difference < TOLERANCE and has_parameters
    print(f"{name:24} {px} px  gain {gain:.4f}  logits' deviation {expected.std():.2f}  largest difference {difference:.1e}"
          f"  parameters {'equal' if has_parameters else 'DIFFER'}  {'ok' if is_right else 'WRONG'}", flush=True)
    weights.unlink()
    graph.unlink()
    return is_right


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        results = [check(name, Path(temporary)) for name in sys.argv[1:]]
    sys.exit(0 if all(results) else 1)
