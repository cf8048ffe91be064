-- Reads the predictions of one run as one table, whatever its first shard holds.
-- duckdb -cmd "SET VARIABLE run = 's3://bucket/labels/20260101t000000z-abc123'" < predictions.sql
CREATE OR REPLACE VIEW predictions AS
SELECT *
FROM read_json(
  getvariable('run') || '/predictions/*/*.jsonl',
  format = 'newline_delimited',
  columns = {
    key: 'VARCHAR',
    etag: 'VARCHAR',
    sizeBytes: 'BIGINT',
    width: 'INTEGER',
    height: 'INTEGER',
    modelId: 'VARCHAR',
    status: 'VARCHAR',
    top: 'STRUCT("index" INTEGER, label VARCHAR, probability DOUBLE)[]',
    embedding: 'FLOAT[]',
    errorCode: 'VARCHAR',
    errorMessage: 'VARCHAR',
    retryable: 'BOOLEAN',
    workerId: 'VARCHAR',
    pass: 'INTEGER'
  }
);
