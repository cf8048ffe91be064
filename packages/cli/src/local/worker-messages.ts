import { type ErrorCode, errorCatalog, type LabelfleetError } from "@labelfleet/shared/errors";
import { z } from "zod";

/** Set for workers whose parent prints why they end. */
export const supervisedVariable = "LABELFLEET_SUPERVISED";

/** What a worker tells the command that started it, over their IPC channel. */
const fromWorkerSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({
    type: z.literal("unfit"),
    code: z.enum(Object.keys(errorCatalog) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
  }),
]);
type FromWorker = z.infer<typeof fromWorkerSchema>;

/** null for what is no message of a worker. */
export function parseFromWorker(message: unknown): FromWorker | null {
  return fromWorkerSchema.safeParse(message).data ?? null;
}

/** Tells the parent, if it listens; resolves to whether it does. */
export function tellSupervisor(message: FromWorker): Promise<boolean> {
  if (process.send === undefined || process.env[supervisedVariable] !== "1") return Promise.resolve(false);
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, (error) => resolve(error === null));
  });
}

/** What is wrong with the worker itself or with what it was told, so that another one started alike ends alike. */
export function isUnfit(error: LabelfleetError): boolean {
  return !error.retryable && !["WORKER_DIED", "INTERRUPTED", "INTERNAL"].includes(error.code);
}
