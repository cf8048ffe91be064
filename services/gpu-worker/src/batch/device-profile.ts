/** How batches are sized on a sort of device. */
export interface DeviceProfile {
  /** The size that a search begins with, or that stays where nothing is searched. */
  startSize: number;
  maxSize: number;
  maxWaitMs: number;
  anySize: boolean;
  /** Whether the best size is searched for, by measuring. */
  searches: boolean;
}

/**
 * Of each image, by estimate. On a core of a Zen 2, two images at once cost at most twice one below it (Lite0 0.95, B0, B1
 * and V2-B2 0.98, ResNet-50 0.99, V2-B3 1.00) and as much or more above (B2 1.00, Lite4 1.02, B3 1.11), where the first
 * leaves the cache before the second is done.
 */
const pairImageBytes = 42e6;

/**
 * On a CPU larger batches cost as much as pairs or more (B3 in fours a sixth more than one by one), so nothing is gained by
 * waiting or by searching. On a GPU launches are what batches save, by how much is found out.
 *
 * @param imageBytes that each image of a call takes (modelMemory)
 */
export function deviceProfile(device: string, imageBytes: number): DeviceProfile {
  if (device !== "cpu") return { startSize: 16, maxSize: 256, maxWaitMs: 20, anySize: false, searches: true };
  const size = imageBytes <= pairImageBytes ? 2 : 1;
  return { startSize: size, maxSize: size, maxWaitMs: 0, anySize: true, searches: false };
}
