import { type CountsByName, countUnder, noCounts } from "@labelfleet/shared/contract/counts-by-name";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { RecordFacts } from "@labelfleet/shared/run/read-shard";

interface Counts {
  ok: number;
  failed: number;
  failedByCode: CountsByName;
}

export interface ModelCounts extends Counts {
  id: string;
}

/** Counts images and records, batch by batch. */
export class Tally {
  readonly images: Counts = { ok: 0, failed: 0, failedByCode: noCounts() };
  readonly models: ModelCounts[];
  records = 0;

  constructor(modelIds: string[]) {
    this.models = modelIds.map((id) => ({ id, ok: 0, failed: 0, failedByCode: noCounts() }));
  }

  /**
   * A batch with each model's records, null where a shard cannot be read. An image is ok when every model is, failed when
   * any is (by the code of the first such model), and neither while a record is missing.
   */
  addBatch(entries: ManifestEntry[], shards: (RecordFacts[] | null)[]): void {
    const byKey = shards.map((records) => new Map(records?.map((record) => [record.key, record])));
    for (const [m, records] of shards.entries()) {
      this.records += records?.length ?? 0;
      for (const record of byKey[m]!.values()) count(this.models[m]!, record);
    }
    for (const { key } of entries) {
      const records = byKey.map((model) => model.get(key));
      const failed = records.find((record) => record?.status === "failed");
      if (failed !== undefined) count(this.images, failed);
      else if (records.every((record) => record !== undefined)) this.images.ok++;
    }
  }
}

function count(counts: Counts, record: RecordFacts): void {
  if (record.status === "ok") {
    counts.ok++;
    return;
  }
  counts.failed++;
  const code = record.errorCode ?? "INTERNAL";
  countUnder(counts.failedByCode, code);
}
