import { type ErrorCode, LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { isReply } from "@labelfleet/shared/redis/passing-refusal";
import type { FastifyInstance } from "fastify";

const statusOf: Partial<Record<ErrorCode, number>> = {
  USAGE: 400,
  RUN_NOT_FOUND: 404,
  OBJECT_NOT_FOUND: 404,
  BUCKET_NOT_FOUND: 404,
  OBJECT_CHANGED: 409,
  RUN_CANCELLED: 409,
  RUN_INCOMPLETE: 409,
  PRECONDITION_FAILED: 409,
  OBJECT_DENIED: 502,
  ACCESS_DENIED: 502,
  CREDENTIALS_REFUSED: 502,
  STORE_THROTTLED: 503,
  STORE_UNAVAILABLE: 503,
  STORE_TIMEOUT: 503,
  OBJECT_TOO_SLOW: 503,
  STORE_UNSUPPORTED: 502,
  REDIS_UNAVAILABLE: 503,
  REDIS_UNSUITABLE: 503,
};

/** Every error as {error, code}: one line for people. What is none of ours goes to the log, and says nothing of itself. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((thrown: Error & { statusCode?: number }, request, reply) => {
    // What Redis refuses has a code, too.
    const error = isReply(thrown) ? toLabelfleetError(thrown) : thrown;
    if (error instanceof LabelfleetError) {
      const isImage =
        error.code.startsWith("IMAGE_") || error.code.startsWith("DECODE_") || error.code === "OBJECT_TOO_LARGE";
      const status = isImage ? 422 : (statusOf[error.code] ?? 500);
      return reply.code(status).send({ error: error.message, code: error.code });
    }
    const status = thrown.statusCode ?? 500;
    if (status < 500 || status === 503) return reply.code(status).send({ error: thrown.message });
    request.log.error({ err: thrown }, `${request.method} ${request.url}`);
    return reply.code(500).send({ error: "this is a bug of the dashboard: its log says more" });
  });
}
