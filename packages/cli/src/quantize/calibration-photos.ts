import { decodeForModels } from "@labelfleet/imaging/decode";
import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import { keyFilterOf } from "@labelfleet/producer/list/key-filter";
import { listImages } from "@labelfleet/producer/list/list-images";
import { sampleEntries } from "@labelfleet/producer/list/sample";
import { defaultImageLimits } from "@labelfleet/shared/contract/run-spec";
import { noneSkipped } from "@labelfleet/shared/contract/skipped";
import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import { openStore } from "@labelfleet/shared/storage/open-store";

/** Photos as a model sees them: uint8 [inputPx, inputPx, 3] each. */
export interface CalibrationPhotos {
  readonly toObserve: Uint8Array[];
  /** Others, on which the two networks are compared. */
  readonly toCompare: Uint8Array[];
}

/** Fewer photos say too little of ranges and of agreement. */
const minPhotos = 128;
/** More make the interval of the agreement hardly smaller; 600 photos of 224 pixels are 90 MB. */
const maxCompared = 500;

/**
 * Draws photos from an input, evenly and the same each time. Those to observe are at most half of what there is; one that
 * cannot be decoded is left out.
 *
 * @throws LabelfleetError USAGE when fewer than 128 can be used, and what the store rejects with
 */
export async function calibrationPhotos(
  input: string,
  observed: number,
  spec: PreprocessSpec,
): Promise<CalibrationPhotos> {
  const { store, prefix } = await openStore(input);
  try {
    const isWanted = keyFilterOf({ prefix, include: [], exclude: [] });
    const skipped = noneSkipped();
    const listing = listImages({ store, prefix, afterKey: null, throughKey: null, isWanted, skipped });
    const entries = await sampleEntries(listing, observed + maxCompared, 0);
    const photos: Uint8Array[] = [];
    for (const { key } of entries) {
      try {
        const { body } = await store.get(key, { maxBytes: defaultImageLimits.maxObjectBytes });
        const { pixels } = await decodeForModels(body, [spec], defaultImageLimits);
        photos.push(pixels[0]!);
      } catch (error) {
        if (!hasCode(error, "IMAGE_EMPTY", "IMAGE_CORRUPT", "IMAGE_UNSUPPORTED", "IMAGE_TOO_LARGE")) throw error;
      }
    }
    if (photos.length < minPhotos) {
      throw new LabelfleetError(
        "USAGE",
        `--calibrate ${input}: ${photos.length} images can be used, and at least ${minPhotos} are needed`,
      );
    }
    return divided(photos, Math.min(observed, photos.length >> 1));
  } finally {
    await store.close();
  }
}

/** Keys are sorted, often by class: those to observe are spread over all of them. */
function divided(photos: Uint8Array[], observed: number): CalibrationPhotos {
  const isObserved = new Set(Array.from({ length: observed }, (_, i) => Math.floor((i * photos.length) / observed)));
  return {
    toObserve: photos.filter((_, i) => isObserved.has(i)),
    toCompare: photos.filter((_, i) => !isObserved.has(i)).slice(0, maxCompared),
  };
}
