import { decodeEntries } from "@labelfleet/gpu-worker/fetch/loader-pool";
import { runWorker } from "@labelfleet/gpu-worker/worker";
import { readConfig } from "@labelfleet/shared/config";
import { createLogger } from "@labelfleet/shared/logger";
import { listenForShutdown } from "@labelfleet/shared/shutdown";

/** `labelfleet work` with the stub in place of the loader threads. Says "ready" on its IPC channel. */
const config = readConfig(process.env);
await runWorker(
  {
    ...config,
    redisUrl: config.redisUrl!,
    lanes: ["default"],
    device: "auto",
    simulated: config.simulatedDevice,
    cores: 1,
    cacheDir: config.cacheDir!,
    logger: createLogger({ name: "bench", level: "warn" }),
    decodeEntries: { ...decodeEntries, loaderThread: new URL("./stub-loader-thread.js", import.meta.url) },
    onReady: () => process.send?.("ready"),
  },
  listenForShutdown().signal,
);
process.exit(0);
