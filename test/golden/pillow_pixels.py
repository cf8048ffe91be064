"""Makes data/pillow-pixels.json: SHA-256 of the pixels that Pillow's `resize` and `crop` give of photos in samples/.

    python -m venv peers && peers/bin/pip install pillow
    peers/bin/python test/golden/pillow_pixels.py
"""

import hashlib
import json
from pathlib import Path

import PIL
from PIL import Image

ROOT = Path(__file__).parents[2]
OUT = Path(__file__).parent / "data/pillow-pixels.json"
FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
# Input size, and the short side before the crop. The last enlarges most of the photos.
SIZES = [(224, 256), (300, 331), (600, 641), (1000, 1000)]


def pixels_of(photo, input_px, short_side_px, interpolation):
    """torchvision's Resize(short side) and CenterCrop."""
    image = Image.open(photo).convert("RGB")
    short, long = min(image.size), max(image.size)
    long_side_px = int(short_side_px * long / short)
    size = (short_side_px, long_side_px) if image.width <= image.height else (long_side_px, short_side_px)
    resized = image.resize(size, FILTERS[interpolation])
    left, top = (round((side - input_px) / 2) for side in size)
    return max(image.width / size[0], image.height / size[1]), resized.crop((left, top, left + input_px, top + input_px)).tobytes()


def main():
    cases = []
    for photo in sorted((ROOT / "samples").glob("*.jpg")):
        for input_px, short_side_px in SIZES:
            for interpolation in FILTERS:
                shrinking, pixels = pixels_of(photo, input_px, short_side_px, interpolation)
                # Larger photos are shrunk by the JPEG decoder first.
                if shrinking < 2:
                    cases.append([photo.name, input_px, short_side_px, interpolation, hashlib.sha256(pixels).hexdigest()])
    lines = ",\n".join(f"    {json.dumps(case)}" for case in cases)
    OUT.write_text(f'{{\n  "pillow": "{PIL.__version__}",\n  "cases": [\n{lines}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
