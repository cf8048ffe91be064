"""The predictions of a run as a polars frame, whatever its first shard holds.

    import polars as pl
    from predictions_polars import schema
    frame = pl.scan_ndjson("labels/<runId>/predictions/*/*.jsonl", schema=schema).collect()
"""

import polars as pl

schema = {
    "key": pl.String,
    "etag": pl.String,
    "sizeBytes": pl.Int64,
    "width": pl.Int32,
    "height": pl.Int32,
    "modelId": pl.String,
    "status": pl.String,
    "top": pl.List(pl.Struct({"index": pl.Int32, "label": pl.String, "probability": pl.Float64})),
    "embedding": pl.List(pl.Float32),
    "errorCode": pl.String,
    "errorMessage": pl.String,
    "retryable": pl.Boolean,
    "workerId": pl.String,
    "pass": pl.Int32,
}
