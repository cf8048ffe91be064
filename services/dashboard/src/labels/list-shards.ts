import { batchIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import type { ShardFile } from "@labelfleet/shared/run/shard-rows";
import type { ShardId } from "./shard-columns.js";

/** The shards that lie in a run's folder now, model by model and in the order of the manifest. */
export async function* listShards(folder: RunFolder, spec: RunSpec): AsyncGenerator<{ id: ShardId; file: ShardFile }> {
  const { models, format } = spec.frozen;
  for (const { id: modelId } of models) {
    for await (const { name, etag, sizeBytes } of folder.list(runNames.modelPredictions(modelId))) {
      const batchId = batchIdInName(name);
      if (batchId === null || name !== runNames.shard(modelId, batchId, format)) continue;
      yield { id: { modelId, batchId, etag, sizeBytes }, file: { name, etag, sizeBytes, format } };
    }
  }
}

/** A shard that an index knows, as a file. */
export function fileOf({ modelId, batchId, etag, sizeBytes }: ShardId, spec: RunSpec): ShardFile {
  const { format } = spec.frozen;
  return { name: runNames.shard(modelId, batchId, format), etag, sizeBytes, format };
}
