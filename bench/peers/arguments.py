import argparse


def parser(description):
    """The arguments that all peers have."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--model", required=True, help="ONNX file that takes uint8 [N, H, W, 3]")
    arguments.add_argument("--bucket", required=True)
    arguments.add_argument("--prefix", required=True)
    arguments.add_argument("--out", required=True, help="folder for JSON lines of key, index and score")
    arguments.add_argument("--input-px", type=int, required=True)
    arguments.add_argument("--crop-pct", type=float, required=True)
    arguments.add_argument("--batch-size", type=int, default=32)
    arguments.add_argument("--threads", type=int, default=1, help="of each onnxruntime session")
    arguments.add_argument("--draft", action="store_true", help="shrink large JPEGs while they are decoded")
    return arguments
