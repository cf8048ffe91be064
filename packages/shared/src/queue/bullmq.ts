import { createRequire } from "node:module";
import type * as BullMq from "bullmq";

/**
 * What we use of bullmq. An `import` would have Node read each of its 171 files a second time, for the names that they export:
 * a tenth of a second of every worker's start.
 */
export const { Queue, UnrecoverableError, WaitingError, Worker } = createRequire(import.meta.url)(
  "bullmq",
) as typeof BullMq;
