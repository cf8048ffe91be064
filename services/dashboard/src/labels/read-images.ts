import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { readRecord } from "@labelfleet/shared/run/shard-rows";
import type { Failures, ImageDetail, LabelledImage, RecordPlace } from "../api/labels.js";
import { Limiter } from "../limiter.js";
import type { OpenRun } from "../run/open-runs.js";
import { failedImages } from "./failed-images.js";
import type { LabelTable } from "./label-table.js";
import { fileOf } from "./list-shards.js";

const samplesPerCode = 5;

/** Reads single records of runs from their shards, a few at a time. */
export class ImageReader {
  readonly #limiter = new Limiter({ atOnce: 12, maxWaiting: 10_000 });

  /**
   * The record at a place that the index knows.
   *
   * @param answer what it is read for: answers take turns
   * @throws OBJECT_NOT_FOUND, OBJECT_CHANGED when its shard was rewritten since
   */
  read(
    { folder, spec, labels }: OpenRun,
    { modelId, batchId, row }: RecordPlace,
    answer: object = {},
  ): Promise<Prediction> {
    const { table } = labels().index;
    const shard = table.find(modelId, batchId);
    if (shard === null || row >= shard.rows) {
      throw new LabelfleetError("OBJECT_NOT_FOUND", `there is no record ${row} of ${modelId} in batch ${batchId} yet`);
    }
    const read = () => readRecord(folder, fileOf(shard, spec), table.placeOf(shard, row));
    return this.#limiter.run(read, undefined, answer);
  }

  /** What a page shows of rows of the index. */
  images(run: OpenRun, rows: Uint32Array, otherModelId: string | null): Promise<LabelledImage[]> {
    const { table } = run.labels().index;
    const answer = {};
    return Promise.all(
      Array.from(rows, async (row) => {
        const place = placeOfRow(table, row);
        const { key, status, top, errorCode } = await this.read(run, place, answer);
        const [first] = top ?? [];
        return {
          ...place,
          key,
          status,
          label: first?.label ?? null,
          probability: first?.probability ?? null,
          errorCode,
          other: otherModelId === null ? null : otherOf(table, place, otherModelId),
        };
      }),
    );
  }

  async detail(run: OpenRun, place: RecordPlace): Promise<ImageDetail> {
    const { folder, spec, input } = run;
    const { table } = run.labels().index;
    const others = table.modelIds.filter((modelId) => {
      const shard = table.find(modelId, place.batchId);
      return modelId !== place.modelId && shard !== null && place.row < shard.rows;
    });
    const [record, ...rest] = await Promise.all([
      this.read(run, place),
      ...others.map((modelId) => this.read(run, { ...place, modelId })),
    ]);
    const { name } = fileOf(table.find(place.modelId, place.batchId)!, spec);
    return {
      place,
      address: input.uriOf(record.key),
      shard: folder.store.uriOf(folder.keyOf(name)),
      line: place.row + 1,
      record,
      others: rest.filter(({ key }) => key === record.key),
    };
  }

  /** Failed images by error code, most frequent first, each with the first few keys. */
  async failures(run: OpenRun): Promise<Failures["codes"]> {
    const { table } = run.labels().index;
    const modelIds = run.spec.frozen.models.map(({ id }) => id);
    return Promise.all(
      failedImages(table, modelIds, samplesPerCode).map(async ({ code, count, samples }) => ({
        code: table.codes.nameOf(code) ?? "",
        count,
        samples: await Promise.all(
          samples.map(async (row) => {
            const place = placeOfRow(table, row);
            const { key, errorMessage } = await this.read(run, place);
            return { ...place, key, message: errorMessage ?? "" };
          }),
        ),
      })),
    );
  }
}

function placeOfRow(table: LabelTable, row: number): RecordPlace {
  const { modelId, batchId, firstRow } = table.shardOf(row);
  return { modelId, batchId, row: row - firstRow };
}

function otherOf(table: LabelTable, { batchId, row }: RecordPlace, modelId: string): LabelledImage["other"] {
  const shard = table.find(modelId, batchId);
  if (shard === null || row >= shard.rows) return null;
  const at = shard.firstRow + row;
  return { modelId, label: table.labels.nameOf(table.label[at]!), probability: table.probability[at]! };
}
