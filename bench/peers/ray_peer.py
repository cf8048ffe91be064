"""Labels images in S3 with Ray Data: read_binary_files, then either one actor that decodes and infers, or tasks that decode and
an actor that infers."""

import os
from urllib.parse import urlparse

import numpy as np
import pyarrow.fs
import ray
from arguments import parser
from preprocess import best_labels, open_session, pixels_of


def decode(batch, options):
    pixels = [pixels_of(data, options.input_px, options.crop_pct, options.draft) for data in batch["bytes"]]
    return {"path": batch["path"], "pixels": np.stack(pixels)}


class Infer:
    def __init__(self, options):
        self.session = open_session(options.model, options.threads)

    def __call__(self, batch):
        best, scores = best_labels(self.session, batch["pixels"])
        return {"key": batch["path"], "index": best, "score": scores}


class DecodeAndInfer(Infer):
    def __init__(self, options):
        super().__init__(options)
        self.options = options

    def __call__(self, batch):
        return super().__call__(decode(batch, self.options))


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--form", choices=["fused", "staged"], default="fused")
    arguments.add_argument("--actors", type=int, default=2)
    # Two actors of one CPU each would leave tasks none of two, and the run would wait for ever.
    arguments.add_argument("--actor-cpus", type=float, default=0.5)
    # Ray joins the tasks and the actor into one operator where both ask for the same resources.
    arguments.add_argument("--decode-cpus", type=float, default=0.75)
    arguments.add_argument("--blocks", type=int, help="of read_binary_files; Ray chooses unless told")
    options = arguments.parse_args()
    ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    endpoint = urlparse(os.environ["AWS_ENDPOINT_URL_S3"])
    store = pyarrow.fs.S3FileSystem(
        endpoint_override=endpoint.netloc, scheme=endpoint.scheme, region=os.environ["AWS_REGION"]
    )
    images = ray.data.read_binary_files(
        f"{options.bucket}/{options.prefix}",
        filesystem=store,
        include_paths=True,
        override_num_blocks=options.blocks,
    )
    if options.form == "staged":
        images = images.map_batches(
            decode,
            batch_size=options.batch_size,
            fn_kwargs={"options": options},
            num_cpus=options.decode_cpus,
        )
    labels = images.map_batches(
        Infer if options.form == "staged" else DecodeAndInfer,
        fn_constructor_args=(options,),
        batch_size=options.batch_size,
        num_cpus=options.actor_cpus,
        compute=ray.data.ActorPoolStrategy(size=options.actors),
    )
    labels.write_json(os.path.abspath(options.out))


if __name__ == "__main__":
    main()
