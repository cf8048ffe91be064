import { openStore } from "@labelfleet/shared/storage/open-store";
import type { Photo } from "@labelfleet/test/support/photos";

const uploadsAtOnce = 8;

/** Puts the photos under a prefix of the bucket that the environment's S3 server holds. */
export async function uploadAll(bucket: string, prefix: string, photos: Photo[]): Promise<void> {
  const { store } = await openStore(`s3://${bucket}/`);
  try {
    const queue = [...photos];
    await Promise.all(
      Array.from({ length: uploadsAtOnce }, async () => {
        for (let photo = queue.pop(); photo !== undefined; photo = queue.pop()) {
          await store.put(`${prefix}${photo.name}`, photo.bytes, { contentType: "image/jpeg" });
        }
      }),
    );
  } finally {
    await store.close();
  }
}
