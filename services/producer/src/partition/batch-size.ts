import { maxChunkEntries } from "@labelfleet/shared/contract/manifest";

export type DeviceClass = "cpu" | "cuda";

/** What a batch should take one worker; it bounds what a crash repeats. */
const batchSeconds = 10;
const batchesPerWorker = 4;

/**
 * Assumed pace of one worker. CPU: EfficientNet-Lite0 (0.41e9 multiply-adds) at about 105 images/s, measured on two
 * cores, of which about 3 ms an image go to fetching and decoding. CUDA: a small data-centre card (T4) at a quarter of its
 * 4e12 multiply-adds/s, and 1,000 images/s from the loaders. Wrong by a factor of three, a batch takes 3 or 30 seconds.
 */
const pace: Record<DeviceClass, { multiplyAddsPerSecond: number; overheadSecondsPerImage: number }> = {
  cpu: { multiplyAddsPerSecond: 60e9, overheadSecondsPerImage: 0.003 },
  cuda: { multiplyAddsPerSecond: 1e12, overheadSecondsPerImage: 0.001 },
};

/**
 * Images a batch: about ten seconds of one worker's work (16 for EfficientNet-B7 on a CPU, thousands for B0 on a GPU).
 * When the whole listing is known, each worker gets at least four batches, as far as there are images.
 *
 * @param options.multiplyAddsPerImage summed over the run's models
 * @param options.listedImages null when the listing is longer than its first chunk
 */
export function estimateBatchImages(options: {
  multiplyAddsPerImage: number;
  device: DeviceClass;
  listedImages: number | null;
  workers: number;
}): number {
  const { multiplyAddsPerSecond, overheadSecondsPerImage } = pace[options.device];
  const secondsPerImage = options.multiplyAddsPerImage / multiplyAddsPerSecond + overheadSecondsPerImage;
  const byTime = Math.floor(batchSeconds / secondsPerImage);
  const share =
    options.listedImages === null
      ? maxChunkEntries
      : Math.floor(options.listedImages / (batchesPerWorker * Math.max(1, options.workers)));
  return Math.max(1, Math.min(byTime, share, maxChunkEntries));
}
