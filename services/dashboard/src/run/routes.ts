import { LabelfleetError } from "@labelfleet/shared/errors";
import type { Redis } from "@labelfleet/shared/redis/connection";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Overview } from "../api/overview.js";
import { parsed } from "../http/parsed.js";
import type { EventStreams } from "../live/event-streams.js";
import type { SharedPoller } from "../live/shared-poller.js";
import type { OpenRuns } from "./open-runs.js";
import { readDetail } from "./read-detail.js";
import { RunPollers } from "./run-pollers.js";

const runSchema = z.object({ runId: z.string() });
const freshMs = 1_000;

/** GET /api/runs/<id> and its event stream. */
export function addRunRoutes(
  app: FastifyInstance,
  options: {
    runs: OpenRuns;
    redis: Redis;
    overview: SharedPoller<Overview>;
    streams: EventStreams;
    onError: (error: unknown) => void;
  },
): RunPollers {
  const { runs, redis, overview, streams, onError } = options;
  const pollers = new RunPollers({
    read: (runId) =>
      runs.use(runId, async (run) => {
        const detail = await readDetail(run, redis, (await overview.get(freshMs)).value, Date.now());
        if (detail === null) throw new LabelfleetError("RUN_NOT_FOUND", `${runId} is not among the newest runs`);
        return detail;
      }),
    onError,
  });
  app.get("/api/runs/:runId", async (request, reply) => {
    const { json } = await pollers.of(parsed(runSchema, request.params).runId).get(freshMs);
    return reply.type("application/json; charset=utf-8").send(json);
  });
  app.get("/api/runs/:runId/events", async (request, reply) => {
    const poller = pollers.of(parsed(runSchema, request.params).runId);
    // A run that there is not is an answer, and not a stream on which nothing comes.
    await poller.get(freshMs);
    streams.serve(reply, poller);
    return reply;
  });
  return pollers;
}
