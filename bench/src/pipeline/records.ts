import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { batchIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { decodeShard } from "@labelfleet/shared/run/shard-codec";

/** Every record of a run, shard by shard. */
export async function* recordsOf(run: string): AsyncGenerator<Prediction> {
  const folder = await RunFolder.open(run);
  try {
    const { format } = (await folder.readSpec()).frozen;
    for await (const { name } of folder.list(runNames.predictions)) {
      if (batchIdInName(name) === null) continue;
      const stored = await folder.readBytes(name);
      if (stored !== null) yield* await decodeShard(stored.value, format, name);
    }
  } finally {
    await folder.close();
  }
}
