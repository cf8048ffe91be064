"""Makes data/inputs/ and data/pillow-inputs.json: small files of every kind that decoders read differently, and the pixels that
Pillow's `convert("RGB")`, `resize` and `crop` give of them.

    python -m venv peers && peers/bin/pip install pillow==12.1.0 tifffile==2026.3.3 imagecodecs==2026.3.6
    peers/bin/python test/golden/pillow_inputs.py
"""

import base64
import hashlib
import json
import re
from pathlib import Path

import imagecodecs
import numpy as np
import PIL
import tifffile
from PIL import Image, ImageCms, ImageOps

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data"
INPUTS = DATA / "inputs"
# Input size, and the short side before the crop: the first is resized by our own program, the second by sharp.
EXACT, SMALLER = (48, 54), (20, 24)
BICUBIC = Image.Resampling.BICUBIC

photo = Image.open(ROOT / "samples/cat-chelsea.jpg").convert("RGB").crop((60, 20, 420, 290)).resize((80, 60), BICUBIC)
rgb = np.asarray(photo)
grey = np.asarray(photo.convert("L"))
infrared = (255 - grey) // 2
# Left half transparent, a strip half so.
mask = np.zeros_like(grey)
mask[:, 40:] = 255
mask[:12] = 128
nothing = np.zeros_like(grey)
black = (255 - rgb).min(-1)
cmyk = np.dstack([255 - rgb - black[..., None], black]).astype(np.uint8)
palette = photo.quantize(64)
wide = lambda array: array.astype(np.uint16) * 257
planes = lambda array: np.moveaxis(array, -1, 0)


def tiff(name, array, compression="zlib", **options):
    tifffile.imwrite(INPUTS / name, array, compression=compression, **options)


def save(image, name, **options):
    image.save(INPUTS / name, **options)


def minisblack():
    for bands in (2, 3, 4, 5, 8):
        stack = np.stack([grey] * bands, -1)
        tiff(f"minisblack-{bands}.tif", stack, photometric="minisblack", planarconfig="contig")
        tiff(f"minisblack-{bands}-16.tif", wide(stack), photometric="minisblack", planarconfig="contig")
    tiff("minisblack-3-planar.tif", planes(np.stack([grey] * 3, -1)), photometric="minisblack", planarconfig="separate")


def rgb_tiffs():
    tiff("rgb-fourth-unspecified.tif", np.dstack([rgb, infrared]), photometric="rgb", extrasamples=[0])
    tiff("rgb-fourth-unspecified-16.tif", wide(np.dstack([rgb, infrared])), photometric="rgb", extrasamples=[0])
    tiff("rgb-five-bands.tif", np.dstack([rgb, infrared, grey]), photometric="rgb", extrasamples=[0, 0])
    tiff("rgb-unassociated-alpha.tif", np.dstack([rgb, mask]), photometric="rgb", extrasamples=[2])
    associated = (rgb.astype(int) * mask[..., None] // 255).astype(np.uint8)
    tiff("rgb-associated-alpha.tif", np.dstack([associated, mask]), photometric="rgb", extrasamples=[1])
    tiff("grey-alpha.tif", np.dstack([grey, mask]), photometric="minisblack", extrasamples=[2], planarconfig="contig")
    tiff("rgb-planar.tif", planes(rgb), photometric="rgb", planarconfig="separate")
    tiff("rgb-tiled.tif", rgb, photometric="rgb", tile=(32, 32))
    tiff("rgb-big.tif", rgb, photometric="rgb", bigtiff=True)
    tiff("rgb-big-endian.tif", rgb, photometric="rgb", byteorder=">")
    tiff("rgb-lzw.tif", rgb, "lzw", photometric="rgb")
    tiff("rgb-packbits.tif", rgb, "packbits", photometric="rgb")
    tiff("ycbcr-jpeg.tif", rgb, "jpeg", photometric="ycbcr")
    tiff("grey-white-is-zero.tif", 255 - grey, photometric="miniswhite")
    tiff("grey-1-bit.tif", grey > 100, None, photometric="minisblack")
    save(palette, "palette.tif")
    save(Image.fromarray(cmyk, "CMYK"), "cmyk.tif", compression="tiff_deflate")
    tiff("cmyk-16.tif", wide(cmyk), photometric="separated")
    tiff("cmyk-fifth-band.tif", np.dstack([cmyk, infrared]), photometric="separated", extrasamples=[0])


def unsupported_tiffs():
    tiff("tiled-planar.tif", planes(rgb), photometric="rgb", planarconfig="separate", tile=(32, 32))
    for compression in ("zstd", "lzma", "lerc", "jpeg2000", "jpegxl"):
        tiff(f"{compression}.tif", rgb, compression, photometric="rgb")
    tiff("rgb-float32.tif", rgb.astype(np.float32), photometric="rgb")
    tiff("rgb-float64.tif", rgb.astype(np.float64), photometric="rgb")
    tiff("grey-float32.tif", (grey / 255).astype(np.float32), photometric="minisblack")
    tiff("grey-int16.tif", grey.astype(np.int16), photometric="minisblack")
    tiff("grey-uint32.tif", grey.astype(np.uint32), photometric="minisblack")
    tiff("complex.tif", grey.astype(np.complex64), photometric="minisblack")
    save(photo.convert("YCbCr"), "ycbcr-raw.tif")
    profiles = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
    save(ImageCms.profileToProfile(photo, *profiles, outputMode="LAB"), "lab.tif", compression="tiff_deflate")
    # A TIFF whose compression says 6 is all that decides.
    old = bytearray((INPUTS / "ycbcr-jpeg.tif").read_bytes())
    entry = re.search(rb"\x03\x01\x03\x00\x01\x00\x00\x00\x07\x00", bytes(old)).start()
    old[entry + 8] = 6
    (INPUTS / "old-style-jpeg.tif").write_bytes(bytes(old))


def transparent():
    rgba, la = Image.fromarray(np.dstack([rgb, mask]), "RGBA"), Image.fromarray(np.dstack([grey, mask]), "LA")
    save(rgba, "rgba.png")
    save(la, "grey-alpha.png")
    # Photos of which nothing is seen.
    save(Image.fromarray(np.dstack([rgb, nothing]), "RGBA"), "rgba-invisible.png")
    save(Image.fromarray(np.dstack([grey, nothing]), "LA"), "grey-alpha-invisible.png")
    save(palette, "palette-invisible.png", transparency=bytes(64))
    save(palette, "palette-partly-transparent.png", transparency=bytes([0, 128, 255] * 21))
    save(palette, "palette-one-transparent.png", transparency=5)
    save(photo, "rgb-one-transparent.png", transparency=tuple(int(value) for value in rgb[0, 0]))
    save(rgba, "rgba-animated.png", save_all=True, append_images=[rgba.rotate(180)])
    save(rgba, "rgba-lossless.webp", lossless=True, exact=True)
    save(rgba, "rgba-lossy.webp", quality=95, exact=True)
    save(rgba, "rgba-animated.webp", save_all=True, append_images=[rgba.rotate(180)], lossless=True, exact=True)
    save(palette, "one-transparent.gif", transparency=5)
    frames = {"save_all": True, "append_images": [palette.rotate(180)]}
    save(palette, "animated-one-transparent.gif", transparency=5, disposal=2, **frames)
    offset_gif("offset-frame.gif", None)
    offset_gif("offset-frame-transparent.gif", 9)


def offset_gif(name, transparency):
    """The photo as a frame in the middle of a larger screen."""
    options = {} if transparency is None else {"transparency": transparency}
    save(palette, name, **options)
    gif = bytearray((INPUTS / name).read_bytes())
    frame = gif.index(b",\0\0\0\0\x50\0\x3c\0")
    gif[6:10] = bytes([100, 0, 80, 0])
    gif[frame + 1 : frame + 5] = bytes([8, 0, 12, 0])
    (INPUTS / name).write_bytes(bytes(gif))


def cmyk_jpegs():
    save(Image.fromarray(cmyk, "CMYK"), "cmyk-adobe.jpg", quality=90)
    adobe = (INPUTS / "cmyk-adobe.jpg").read_bytes()
    marker = adobe.index(b"\xff\xee")
    length = int.from_bytes(adobe[marker + 2 : marker + 4], "big")
    (INPUTS / "cmyk-no-marker.jpg").write_bytes(adobe[:marker] + adobe[marker + 2 + length :])
    ycck = imagecodecs.jpeg8_encode(255 - cmyk, level=90, colorspace="CMYK", outcolorspace="YCCK")
    (INPUTS / "cmyk-ycck.jpg").write_bytes(ycck)


def turned_by_xmp():
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description tiff:Orientation="%d"/></rdf:RDF></x:xmpmeta>'
    for orientation in (6, 7):
        save(photo, f"xmp-orientation-{orientation}.jpg", quality=90, subsampling=0, xmp=xmp % orientation)


def sequence():
    save(photo, "sequence.avif", quality=95, subsampling="4:4:4", save_all=True, append_images=[photo.rotate(180)])


def tall():
    save(photo.resize((52, 150), BICUBIC), "tall.png")
    tall_grey = photo.resize((52, 150), BICUBIC).convert("L")
    save(tall_grey, "tall-grey.png")


def pixels_of(image, input_px, short_side_px):
    """torchvision's Resize(short side) and CenterCrop."""
    scale = short_side_px / min(image.size)
    size = tuple(short_side_px if side == min(image.size) else int(short_side_px * side / min(image.size)) for side in image.size)
    left, top = (round((side - input_px) / 2) for side in size)
    return image.resize(size, BICUBIC).crop((left, top, left + input_px, top + input_px)).tobytes()


def main():
    INPUTS.mkdir(parents=True, exist_ok=True)
    for make in (minisblack, rgb_tiffs, unsupported_tiffs, transparent, cmyk_jpegs, turned_by_xmp, sequence, tall):
        make()
    cases = []
    for path in sorted(INPUTS.iterdir()):
        try:
            image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        except OSError:
            continue
        exact = hashlib.sha256(pixels_of(image, *EXACT)).hexdigest()
        cases.append([path.name, *image.size, exact, base64.b64encode(pixels_of(image, *SMALLER)).decode()])
    lines = ",\n".join(f"    {json.dumps(case)}" for case in cases)
    out = f'{{\n  "pillow": "{PIL.__version__}",\n  "cases": [\n{lines}\n  ]\n}}\n'
    (DATA / "pillow-inputs.json").write_text(out)


if __name__ == "__main__":
    main()
