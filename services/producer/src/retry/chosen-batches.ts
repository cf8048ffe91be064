import { batchIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { batchesReadAtOnce } from "../report/shards-at-once.js";
import type { Rewrite } from "../rewrite/rewriter.js";
import { rewriteOf } from "./rewrite-of.js";

/** Batches whose shards are read at a time. */
const readsAtOnce = 8;

/** Every batch of a complete run in order, with what a retry has to do of it. @throws RUN_INVALID */
export async function* chosenBatches(
  folder: RunFolder,
  spec: RunSpec,
  code: string | null,
): AsyncGenerator<{ batchId: string; rewrite: Rewrite | null }> {
  const read = (batchIds: string[]) =>
    Promise.all(
      batchIds.map(async (batchId) => ({
        batchId,
        rewrite: await rewriteOf(folder, spec, batchId, { code, belowPass: Number.POSITIVE_INFINITY }),
      })),
    );
  const atOnce = batchesReadAtOnce(spec, readsAtOnce);
  let group: string[] = [];
  for await (const { name } of folder.list(runNames.modelPredictions(spec.frozen.models[0]!.id))) {
    const batchId = batchIdInName(name);
    if (batchId === null) continue;
    group.push(batchId);
    if (group.length < atOnce) continue;
    yield* await read(group);
    group = [];
  }
  yield* await read(group);
}
