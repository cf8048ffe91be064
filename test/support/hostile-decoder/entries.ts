import { fileURLToPath } from "node:url";
import type { DecodeEntries } from "@labelfleet/gpu-worker/fetch/loader-pool";

/** Threads and processes whose decoder obeys spells. They run from the built dist folder. */
export const hostileEntries: DecodeEntries = {
  loaderThread: new URL(import.meta.resolve("@labelfleet/test/support/hostile-decoder/loader-entry")),
  decoderProcess: new URL(import.meta.resolve("@labelfleet/test/support/hostile-decoder/decoder-entry")),
};

/** A worker made of these. */
export const hostileWorker = fileURLToPath(import.meta.resolve("@labelfleet/test/support/hostile-decoder/worker-main"));
