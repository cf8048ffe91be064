import { type ErrorCode, errorCatalog, isRecordCode } from "@labelfleet/shared/errors";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { parsed } from "../http/parsed.js";
import type { OpenRuns } from "../run/open-runs.js";
import type { CsrfGuard } from "./csrf.js";
import { csrfHeader } from "./csrf.js";
import { type ActionSurroundings, actOn, runActions } from "./run-actions.js";

const paramsSchema = z.object({ runId: z.string(), action: z.enum(runActions) });
const codes = Object.keys(errorCatalog).filter((code): code is ErrorCode => isRecordCode(code as ErrorCode));
const bodySchema = z.object({ code: z.enum(codes).nullable().default(null) }).nullish();

export interface ActionRoutes {
  runs: OpenRuns;
  csrf: CsrfGuard;
  around: Omit<ActionSurroundings, "retryCode">;
  /** Called after something was done to a run. */
  onDone: (runId: string, run: string) => void;
}

/** POST /api/runs/<id>/pause, resume, cancel and retry. */
export function addActionRoutes(app: FastifyInstance, { runs, csrf, around, onDone }: ActionRoutes): void {
  app.post("/api/runs/:runId/:action", async (request, reply) => {
    if (!csrf.accepts(request.headers[csrfHeader])) {
      return reply.code(403).send({ error: `the header ${csrfHeader} is missing or old: load the page again` });
    }
    const { runId, action } = parsed(paramsSchema, request.params);
    const retryCode = parsed(bodySchema, request.body)?.code ?? null;
    return runs.use(runId, async (run) => {
      const message = await actOn(run, action, { ...around, retryCode });
      onDone(runId, run.folder.uri);
      return { message };
    });
  });
}
