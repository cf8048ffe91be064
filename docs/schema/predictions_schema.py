"""The predictions of a run as a pyarrow dataset, whatever its first shard holds.

    import pyarrow.dataset as ds
    from predictions_schema import schema
    table = ds.dataset("labels/<runId>/predictions", schema=schema, format="json").to_table()
"""

import pyarrow as pa

schema = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("etag", pa.string(), nullable=False),
        pa.field("sizeBytes", pa.int64(), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("modelId", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field(
            "top",
            pa.list_(
                pa.struct(
                    [
                        pa.field("index", pa.int32()),
                        pa.field("label", pa.string()),
                        pa.field("probability", pa.float64()),
                    ]
                )
            ),
        ),
        pa.field("embedding", pa.list_(pa.float32())),
        pa.field("errorCode", pa.string()),
        pa.field("errorMessage", pa.string()),
        pa.field("retryable", pa.bool_()),
        pa.field("workerId", pa.string(), nullable=False),
        pa.field("pass", pa.int32(), nullable=False),
    ]
)
