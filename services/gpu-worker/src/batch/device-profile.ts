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
 * On a CPU a batch costs more than its images one by one (B0: 17.5 ms an image alone, 18.1 in twos, 21.6 in fours), so nothing is
 * gained by waiting or by searching. On a GPU launches are what batches save, by how much is found out.
 */
export function deviceProfile(device: string): DeviceProfile {
  return device === "cpu"
    ? { startSize: 1, maxSize: 1, maxWaitMs: 0, anySize: true, searches: false }
    : { startSize: 16, maxSize: 256, maxWaitMs: 20, anySize: false, searches: true };
}
