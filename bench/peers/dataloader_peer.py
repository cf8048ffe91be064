"""Labels images in S3 with a PyTorch DataLoader, boto3 and onnxruntime: its worker processes fetch and decode, this one infers."""

import json
from pathlib import Path

import boto3
import torch
from arguments import parser
from preprocess import best_labels, open_session, pixels_of
from torch.utils.data import DataLoader, Dataset


class BucketImages(Dataset):
    def __init__(self, options):
        self.options = options
        self.client = None
        pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(
            Bucket=options.bucket, Prefix=options.prefix
        )
        self.keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def __len__(self):
        return len(self.keys)

    def __getitem__(self, index):
        options = self.options
        # A client is made in the process that uses it: boto3's sessions are not to be shared by processes.
        self.client = self.client or boto3.client("s3")
        data = self.client.get_object(Bucket=options.bucket, Key=self.keys[index])["Body"].read()
        pixels = pixels_of(data, options.input_px, options.crop_pct, options.draft)
        return index, torch.from_numpy(pixels.copy())


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--prefetch", type=int, default=2)
    options = arguments.parse_args()
    images = BucketImages(options)
    loader = DataLoader(
        images, batch_size=options.batch_size, num_workers=options.workers, prefetch_factor=options.prefetch
    )
    # Loader processes are forked before a session's threads exist.
    batches = iter(loader)
    session = open_session(options.model, options.threads)
    Path(options.out).mkdir(parents=True, exist_ok=True)
    with open(Path(options.out) / "labels.json", "w") as file:
        for indices, pixels in batches:
            best, scores = best_labels(session, pixels.numpy())
            for index, label, score in zip(indices.tolist(), best.tolist(), scores.tolist()):
                file.write(json.dumps({"key": images.keys[index], "index": label, "score": score}) + "\n")


if __name__ == "__main__":
    main()
