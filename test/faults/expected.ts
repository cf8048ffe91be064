import { makePhotos, type Photo } from "../support/photos.js";
import { FaultRig, type Said } from "./fault-rig.js";

const photoCount = 40;

/** What every fault case labels: small, so that cases spend their time on faults. The same in every process. */
export function faultPhotos(): Promise<Photo[]> {
  return makePhotos({ count: photoCount, widthPx: 160, heightPx: 120, seed: 4 });
}

/** The records of an undisturbed run, by key. */
export async function undisturbedRecords(photos: Photo[], flags: string[] = []): Promise<Map<string, Said>> {
  const rig = await FaultRig.start({ photos, expected: null });
  try {
    return await rig.undisturbed(flags);
  } finally {
    await rig.stop();
  }
}
