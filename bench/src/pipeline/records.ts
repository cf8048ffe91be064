import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { batchIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import { readShard } from "@labelfleet/shared/run/read-shard";
import { RunFolder } from "@labelfleet/shared/run/run-folder";

/** Every record of a run, shard by shard. */
export async function* recordsOf(run: string): AsyncGenerator<Prediction> {
  const folder = await RunFolder.open(run);
  try {
    const { format } = (await folder.readSpec()).frozen;
    for await (const { name } of folder.list(runNames.predictions)) {
      if (batchIdInName(name) === null) continue;
      yield* (await readShard(folder, { name, format }, (record) => record))?.value ?? [];
    }
  } finally {
    await folder.close();
  }
}
