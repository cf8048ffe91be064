import { Readable } from "node:stream";
import { LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { encoderOf, exportFormats } from "@labelfleet/shared/export/encoder";
import { imagePathsOf } from "@labelfleet/shared/export/image-path";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Failures, LabelPage } from "../api/labels.js";
import { parsed } from "../http/parsed.js";
import type { OpenRun, OpenRuns } from "../run/open-runs.js";
import { exportRows } from "./export-rows.js";
import { filterOf, filterParamsSchema, pageParamsSchema } from "./filter-params.js";
import type { LabelIndex } from "./label-index.js";
import { ImageReader } from "./read-images.js";
import { type ThumbnailSize, Thumbnails, thumbnailSides } from "./thumbnails.js";

const runSchema = z.object({ runId: z.string() });
const placeSchema = runSchema.extend({
  modelId: z.string(),
  batchId: z.string(),
  row: z.coerce.number().int().min(0),
});
const thumbnailSchema = z.object({
  size: z.enum(Object.keys(thumbnailSides) as [ThumbnailSize, ...ThumbnailSize[]]).default("small"),
});
const exportSchema = filterParamsSchema.extend({ format: z.enum(exportFormats) });

const fileNames = { csv: "labels.csv", jsonl: "labels.jsonl", fiftyone: "samples.json" } as const;
/** A browser asks again for what it shows; the object with this etag stays what it is. */
const thumbnailCaching = "private, max-age=300";

/** Everything under /api/runs/<id> that is about single images. */
export function addLabelRoutes(
  app: FastifyInstance,
  runs: OpenRuns,
  clientOf: (request: FastifyRequest) => string,
): void {
  const reader = new ImageReader();
  const thumbnails = new Thumbnails();
  const use = <T>(request: FastifyRequest, work: (run: OpenRun) => Promise<T>): Promise<T> =>
    runs.use(parsed(runSchema, request.params).runId, work);

  app.get("/api/runs/:runId/labels", (request) =>
    use(request, async (run): Promise<LabelPage> => {
      const { offset, limit, ...params } = parsed(pageParamsSchema, request.query);
      const { filter, sort } = filterOf(params);
      const { index, queries } = run.labels();
      index.refresh();
      await index.untilFirstRecords();
      return fromIndex(index, async () => {
        const { rows, histograms } = queries.ask(filter, sort);
        const page = rows.subarray(offset, offset + limit);
        return {
          index: index.state,
          modelIds: run.spec.frozen.models.map(({ id }) => id),
          total: rows.length,
          offset,
          records: await reader.images(run, page, filter.disagreesWith),
          histograms,
          labels: index.table.labels.names.toSorted(),
          errorCodes: index.table.codes.names.toSorted(),
        };
      });
    }),
  );

  app.get("/api/runs/:runId/failures", (request) =>
    use(request, async (run): Promise<Failures> => {
      const { index } = run.labels();
      index.refresh();
      await index.untilFirstRecords();
      return fromIndex(index, async () => ({ index: index.state, codes: await reader.failures(run) }));
    }),
  );

  app.get("/api/runs/:runId/records/:modelId/:batchId/:row", (request) =>
    use(request, async (run) => {
      const { runId: _, ...place } = parsed(placeSchema, request.params);
      await untilKnown(run, place);
      return fromIndex(run.labels().index, () => reader.detail(run, place));
    }),
  );

  app.get("/api/runs/:runId/thumbnails/:modelId/:batchId/:row", (request, reply) =>
    use(request, async (run) => {
      const { runId: _, ...place } = parsed(placeSchema, request.params);
      const { size } = parsed(thumbnailSchema, request.query);
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort(new LabelfleetError("INTERRUPTED", "nobody waits for it any more")));
      await untilKnown(run, place);
      const record = await fromIndex(run.labels().index, () => reader.read(run, place));
      // What the workers could not decode is not tried on this process: it may be what kills a decoder.
      if (record.status === "failed") throw new LabelfleetError("OBJECT_NOT_FOUND", "a failed image has no thumbnail");
      const { frozen, overridable } = run.spec;
      const input = { store: run.input, limits: overridable.limits, background: frozen.background };
      const thumbnail = await thumbnails.get(input, record, size, { client: clientOf(request), signal: gone.signal });
      return reply.type("image/jpeg").header("cache-control", thumbnailCaching).send(thumbnail);
    }),
  );

  app.get("/api/runs/:runId/export", async (request, reply) => {
    const { format, ...params } = parsed(exportSchema, request.query);
    const { runId } = parsed(runSchema, request.params);
    const { contentType } = encoderOf(format, (key) => key, []);
    // Only a run that there is has a name that fits a header.
    const { run, done } = await runs.hold(runId);
    reply.header("content-type", contentType);
    const { index } = run.labels();
    await index.untilAnew().catch(async (error: unknown) => {
      await done();
      throw error;
    });
    // Whoever finds the file later has no page that says so.
    const mark = index.state.isComplete ? "" : "incomplete-";
    reply.header("content-disposition", `attachment; filename="${runId}-${mark}${fileNames[format]}"`);
    const lines = Readable.from(exported(run, params, format), { objectMode: false });
    // Also when nobody takes a single line.
    lines.once("close", () => void done());
    return reply.send(lines);
  });
}

async function* exported(
  { folder, spec, labels }: OpenRun,
  params: z.infer<typeof filterParamsSchema>,
  format: (typeof exportFormats)[number],
): AsyncGenerator<string> {
  const { index, queries } = labels();
  const { filter } = filterOf(params);
  const { rows } = queries.ask(filter, "manifest");
  const { input, models } = spec.frozen;
  const modelIds = models.map(({ id }) => id);
  const encoder = encoderOf(format, imagePathsOf(input, null), modelIds);
  yield* exportRows({ folder, spec, table: index.table, rows, encoder });
}

/** What is answered out of an index; once more out of a new one when a shard was rewritten since it was indexed. */
async function fromIndex<T>(index: LabelIndex, answer: () => Promise<T>): Promise<T> {
  try {
    return await answer();
  } catch (error) {
    if (toLabelfleetError(error).code !== "OBJECT_CHANGED") throw error;
    await index.untilAnew();
    return answer();
  }
}

/** After a restart the page may ask for a record before its shard is indexed again. */
async function untilKnown(
  { labels }: OpenRun,
  { modelId, batchId }: { modelId: string; batchId: string },
): Promise<void> {
  const { index } = labels();
  if (index.table.find(modelId, batchId) === null) await index.untilCurrent();
}
