import { makeThumbnail } from "@labelfleet/imaging/thumbnail";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { ImageLimits } from "@labelfleet/shared/contract/run-spec";
import { isKnownEtag } from "@labelfleet/shared/storage/etag";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { BytesCache } from "../bytes-cache.js";
import { Limiter } from "../limiter.js";

/** Longest side in pixels: in the grid, and of one image alone. */
export const thumbnailSides = { small: 256, large: 1024 } as const;
export type ThumbnailSize = keyof typeof thumbnailSides;

const cacheBytes = 24 * 1024 * 1024;
/** One image between fetch and thumbnail takes its bytes, and while it is decoded its rows. */
const atOnce = 3;
/** A page has some dozens, and some dozens of pages may be looked at; people wait for as long as a browser shows that it loads. */
const maxWaiting = 4_000;
const maxWaitMs = 120_000;
/** Beyond the run's own limits: a page can do without the thumbnail of a giant. */
const maxBytes = 48 * 1024 * 1024;
const maxPixels = 60_000_000;
/** What decoding one may take of memory. */
const maxDecodeBytes = 256 * 1024 * 1024;
const timeoutMs = 10_000;

/** Makes small images of a run's input, a few at a time, and keeps the last. */
export class Thumbnails {
  readonly #cache = new BytesCache(cacheBytes);
  readonly #limiter = new Limiter({ atOnce, maxWaiting, maxWaitMs });

  /**
   * @param client who asks: clients take turns
   * @param signal aborts what nobody waits for any more
   * @throws what reading the object or decoding it is refused with, and Overloaded
   */
  async get(
    input: { store: ObjectStore; limits: ImageLimits; background: string | null },
    { key, etag, sizeBytes }: Pick<Prediction, "key" | "etag" | "sizeBytes">,
    size: ThumbnailSize,
    { client, signal }: { client: string; signal: AbortSignal },
  ): Promise<Buffer> {
    const { store, limits, background } = input;
    const name = `${size} ${background} ${etag} ${sizeBytes} ${store.uriOf(key)}`;
    const known = this.#cache.get(name);
    if (known !== undefined) return known;
    const make = async () => {
      // Another page may have asked for the same one meanwhile.
      const made = this.#cache.get(name);
      if (made !== undefined) return made;
      const listed = { sizeBytes };
      const bounds = { ifMatch: etag, listed, maxBytes: Math.min(maxBytes, limits.maxObjectBytes), signal };
      const { body } = await store.get(key, bounds);
      const thumbnail = await makeThumbnail(body, thumbnailSides[size], {
        maxPixels: Math.min(maxPixels, limits.maxPixels),
        timeoutMs: Math.min(timeoutMs, limits.decodeTimeoutMs),
        background,
        maxDecodeBytes,
      });
      if (isKnownEtag(etag, sizeBytes)) this.#cache.set(name, thumbnail);
      return thumbnail;
    };
    return this.#limiter.run(make, signal, client);
  }
}
