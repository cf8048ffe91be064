import { usableCores } from "@labelfleet/gpu-worker/cores";
import { runWorker } from "@labelfleet/gpu-worker/worker";
import { readConfig } from "@labelfleet/shared/config";
import { createLogger } from "@labelfleet/shared/logger";
import { listenForShutdown } from "@labelfleet/shared/shutdown";
import { hostileEntries } from "./entries.js";

/** `labelfleet work`, as far as it matters here, with decoders that obey spells. */
const config = readConfig(process.env);
await runWorker(
  {
    ...config,
    redisUrl: config.redisUrl!,
    lanes: ["default"],
    device: "cpu",
    cores: config.cores ?? usableCores(),
    cacheDir: config.cacheDir!,
    logger: createLogger({ name: "hostile", level: "info" }),
    decodeEntries: hostileEntries,
    onStuck: () => process.kill(process.pid, "SIGKILL"),
  },
  listenForShutdown().signal,
);
process.exit(0);
