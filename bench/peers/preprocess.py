"""What timm's evaluation transform does to an image, up to the pixels: the graph normalises them itself."""

import io
import math
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image


def pixels_of(data, input_px, crop_pct, draft):
    """uint8 [input_px, input_px, 3]. With `draft` the JPEG decoder shrinks a large photo while it decodes."""
    image = Image.open(io.BytesIO(data))
    resize_px = math.floor(input_px / crop_pct)
    if draft:
        image.draft("RGB", (resize_px, resize_px))
    image = image.convert("RGB")
    scale = resize_px / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left = round((image.width - input_px) / 2)
    top = round((image.height - input_px) / 2)
    return np.asarray(image.crop((left, top, left + input_px, top + input_px)))


def open_session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(Path(model), options, providers=["CPUExecutionProvider"])


def best_labels(session, pixels):
    """Top-1 class and its probability for uint8 [N, H, W, 3]."""
    (scores,) = session.run(None, {session.get_inputs()[0].name: pixels})
    best = scores.argmax(axis=1)
    return best, scores[np.arange(len(best)), best]
